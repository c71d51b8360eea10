"""Whether, through whom and for how much a text is answered."""
