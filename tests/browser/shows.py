"""What terminals show in the browser tests."""

from tests.terminal.build import cast

GREEN, RED, DIM, BOLD, OFF = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
PROMPT = f"{GREEN}deploy@bastion-1{OFF}:{BOLD}~/web{OFF}$ "
ABOUT = {"host": "bastion-1", "user": "deploy", "agent": "sortie/0.1.0", "session_id": "7f3a"}


def rollout() -> bytes:
    """Five minutes of which most are spent waiting: a rollout that fails, and is undone."""
    said: list[list[object]] = [[0.2, "o", PROMPT]]
    at = _typed(said, 1.0, "kubectl set image deploy/web web=web:2.14.0")
    said.append([at, "o", "deployment.apps/web image updated\r\n" + PROMPT])
    at = _typed(said, at + 1.5, "kubectl rollout status deploy/web")
    for number in range(3):
        said.append(
            [at + number * 4, "o", f"Waiting for rollout: {number} of 3 updated replicas are available...\r\n"]
        )
    said.append([at + 180, "o", f"{RED}error: deployment exceeded its progress deadline{OFF}\r\n{PROMPT}"])
    said.append([at + 181, "m", "It fails"])
    at = _typed(said, at + 185, "kubectl delete pod web-7d4b9c-x2x9q --grace-period=0")
    said.append([at + 0.8, "o", f'pod "web-7d4b9c-x2x9q" deleted\r\n{PROMPT}'])
    at = _typed(said, at + 60, "kubectl rollout undo deploy/web && curl -s http://10.0.4.17/healthz")
    said.append(
        [at + 1.2, "o", f'deployment.apps/web rolled back\r\n{{"ok": true}}  {DIM}\u6b63\u5e38{OFF}\r\n{PROMPT}']
    )
    said.append([at + 3, "x", "0"])
    return cast(*said, width=100, height=28, sortie=ABOUT, env={"SHELL": "/bin/bash", "TERM": "xterm-256color"})


def _typed(said: list[list[object]], at: float, command: str) -> float:
    for letter in command:
        at += 0.06
        said.append([round(at, 3), "o", letter])
    said.append([round(at + 0.4, 3), "o", "\r\n"])
    return round(at + 0.5, 3)
