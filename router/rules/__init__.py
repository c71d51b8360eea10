"""Whether, through whom and for how much: pure rules. Values in, values out, `now` is an argument."""
