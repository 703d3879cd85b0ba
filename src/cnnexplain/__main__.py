"""`python -m cnnexplain`: the command line."""

from cnnexplain.cli import app

if __name__ == "__main__":
    app(prog_name="cnnexplain")
