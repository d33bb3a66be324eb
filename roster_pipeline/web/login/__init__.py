"""Log in with Clever and with Google: the clients, the state of a login, and whose account it opens."""
