"""`python -m mediation`: the same as the command `mediation`."""

from mediation.cli import main

if __name__ == "__main__":
    main()
