"""The commands of `sortie`, a module each: `SUMMARY` is its line in the overview, `run(arguments)` does it.

`run` returns the exit status or raises `Failure`. Modules are imported only when their command is called.
"""
