"""`python -m router.cli`: the command without its script."""

from router.cli import main

main(prog_name="paravent")
