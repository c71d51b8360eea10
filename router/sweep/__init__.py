"""What is done again and again beside the flow: one small file a duty."""
