"""Text that would do harm if a terminal interpreted it."""

HOSTILE = "\x1b]0;t\x07\x1b[2J\nOK\r\t\x9b1m\u2028\u202e\u2066\x00\U000e0041[red]x[/red][link=a]y[/]"
