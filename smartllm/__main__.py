"""``python -m smartllm``: the command line, where its script is not on the path."""

from smartllm.cli import main

if __name__ == "__main__":
    main(prog_name="python -m smartllm")
