"""The names of the people in the large district of the page's measurements."""

FIRST_NAMES = "Ava Liam Mia Noah Zoe Eli Lena Omar Ines Hugo Nora Ivan Ruth Theo Emma Luis Ana Kai Sara Max"
LAST_NAMES = (
    "García Martin Nguyen Smith Jones Lopez Khan Silva Chen Patel Brown Novak Costa Meyer Diaz Ortiz Young Reed Cole "
    "Ward Price Bell Ross Long Ford Webb Hunt Dean Lane Park Moss Kerr Shaw Hale Nash Pope Rowe Todd Vega Wolf"
)
"""Forty last names, so that one prefix matches more people than in a real district."""
