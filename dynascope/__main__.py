"""Entry point of the `dynascope` command. It imports no module that a file in the working directory could replace."""

from dynascope import ending
from dynascope.imports import forget_working_directory


def main() -> None:
    ending.prepare()
    forget_working_directory()
    from dynascope.cli import main as run

    run()


if __name__ == "__main__":
    main()
