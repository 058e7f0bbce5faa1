"""System checks: combinations of settings that would not work, each with an id and a hint."""
