"""The plugin beside this file is a distribution of its own: its tests run where it is installed."""

collect_ignore = ["paravent-acme"]
