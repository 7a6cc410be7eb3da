"""Runs a Synapse for as long as standard input is open, whatever becomes of the process at its other end.

    homeserver.py FOLDER [--remove]

FOLDER holds `homeserver.yaml`. With --remove the folder goes when the server has stopped.
"""

import shutil
import subprocess
import sys
import threading


def main():
    folder, remove = sys.argv[1], "--remove" in sys.argv[2:]
    with open(f"{folder}/stderr", "ab") as stderr:
        server = subprocess.Popen(
            [sys.executable, "-m", "synapse.app.homeserver", "-c", f"{folder}/homeserver.yaml"],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            cwd=folder,
        )
    threading.Thread(target=stop_at_the_end, args=(server,), daemon=True).start()
    code = server.wait()
    if remove:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


def stop_at_the_end(server):
    # Anything said is an order to cut it off.
    if sys.stdin.buffer.read(1):
        server.kill()
        return
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()


main()
