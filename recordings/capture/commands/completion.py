"""`sortie completion`: what makes a shell complete commands, options and IDs."""

import argparse
import shlex

from recordings.capture import cli
from recordings.capture.arguments import parser

SUMMARY = "print the completion script of a shell"
USAGE = "bash|zsh|fish"
OPTIONS = ()
DESCRIPTION = """\
Print a script that makes bash, zsh or fish complete sortie's commands, options
and recording IDs.
"""
EPILOG = """\
set-up:
  bash   eval "$(sortie completion bash)"        in ~/.bashrc
  zsh    eval "$(sortie completion zsh)"         in ~/.zshrc, after compinit
  fish   sortie completion fish | source         in ~/.config/fish/config.fish
"""
TAKE_ID = ("replay", "export", "delete", "upload")
# These go on with a command line of its own.
TAKE_COMMAND = ("rec", "ssh", "exec")


def run(arguments: list[str]) -> int:
    """Print the script."""
    made = parser("completion", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    made.add_argument("shell", choices=("bash", "zsh", "fish"), help=argparse.SUPPRESS)
    given = made.parse_args(arguments)
    print({"bash": bash, "zsh": zsh, "fish": fish}[given.shell](), end="")
    return 0


def options_of(name: str) -> list[str]:
    """The option names of a command."""
    return [*(text for option in cli.module(name).OPTIONS for text in option.names), "--help"]


def bash() -> str:
    """For bash 4 or newer, without its completion library."""
    cases = "".join(f"    {name}) options={shlex.quote(' '.join(options_of(name)))} ;;\n" for name in cli.COMMANDS)
    return f"""\
_sortie() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}} options=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W {shlex.quote(" ".join(cli.COMMANDS))} -- "$word"))
    return
  fi
  case $command in
{cases}  esac
  if [ "${{word:0:1}}" = - ]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  case $command in
    {"|".join(TAKE_ID)}) COMPREPLY=($(compgen -W "$(sortie list --ids 2>/dev/null)" -f -- "$word")) ;;
    rec) COMPREPLY=($(compgen -c -- "$word")) ;;
    ssh|exec) COMPREPLY=($(compgen -A hostname -- "$word")) ;;
    watch) COMPREPLY=($(compgen -d -- "$word")) ;;
    help) COMPREPLY=($(compgen -W {shlex.quote(" ".join(cli.COMMANDS))} -- "$word")) ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")) ;;
  esac
}}
complete -o default -F _sortie sortie
"""


def zsh() -> str:
    """For zsh with compinit."""
    commands = " ".join(shlex.quote(f"{name}:{cli.module(name).SUMMARY}") for name in cli.COMMANDS)
    cases = "".join(f"    {name}) options=({' '.join(options_of(name))}) ;;\n" for name in cli.COMMANDS)
    return f"""\
_sortie() {{
  local -a commands options
  commands=({commands})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
{cases}  esac
  if [[ $words[CURRENT] == -* ]]; then
    compadd -- $options
    return
  fi
  case $words[2] in
    {"|".join(TAKE_ID)}) compadd -- ${{(f)"$(sortie list --ids 2>/dev/null)"}}; _files -g '*.cast(|.gz)' ;;
    rec) shift words; (( CURRENT-- )); _normal ;;
    ssh|exec) _hosts ;;
    watch) _files -/ ;;
    help) _describe command commands ;;
    completion) compadd bash zsh fish ;;
    *) _files ;;
  esac
}}
compdef _sortie sortie
"""


def fish() -> str:
    """For fish 3."""
    lines = ["complete -c sortie -f"]
    for name in cli.COMMANDS:
        summary = shlex.quote(cli.module(name).SUMMARY)
        lines.append(f"complete -c sortie -n __fish_use_subcommand -a {name} -d {summary}")
        for option in cli.module(name).OPTIONS:
            flags = " ".join(
                f"-l {text[2:]}" if text.startswith("--") else f"-s {text[1:]}" for text in option.names
            )
            takes = " -r" if option.metavar else ""
            about = shlex.quote(option.about.replace("%(default)s", str(option.more.get("default"))))
            lines.append(f"complete -c sortie -n '__fish_seen_subcommand_from {name}' {flags}{takes} -d {about}")
    ids = " ".join(TAKE_ID)
    lines.append(f"complete -c sortie -n '__fish_seen_subcommand_from {ids}' -a '(sortie list --ids 2>/dev/null)'")
    lines.append("complete -c sortie -n '__fish_seen_subcommand_from rec' -a '(__fish_complete_command)'")
    lines.append("complete -c sortie -n '__fish_seen_subcommand_from ssh exec' -a '(__fish_print_hostnames)'")
    lines.append("complete -c sortie -n '__fish_seen_subcommand_from watch' -a '(__fish_complete_directories)'")
    lines.append("complete -c sortie -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'")
    return "\n".join(lines) + "\n"
