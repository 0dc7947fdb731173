"""`landbridge`, of whatever checkout is on the path, with tokens that live for ten minutes instead of a day."""

from landbridge.fleet import tokens

tokens.LIFE = tokens.SHORTEST
tokens.mint.__defaults__ = (*(tokens.mint.__defaults__ or ())[:-1], tokens.SHORTEST)

from landbridge.cli import main  # noqa: E402  (whose modules read the life as they are imported)

main()
