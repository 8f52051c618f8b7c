"""Converts a small part of TeX to presentation MathML: only the commands that the statements' formulas need."""

import re
from collections import deque
from xml.sax.saxutils import escape

XMLNS = "http://www.w3.org/1998/Math/MathML"
#: `\text{…}` and `\op{…}` (a name of several letters) are one token each, as is an escaped sign.
TOKEN = re.compile(r"\\(?:text|op)\{[^}]*\}|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S")
SIGNS = {"-": "−", "*": "·", "'": "′", r"\{": "{", r"\}": "}"}
LIMITS = (r"\sum", r"\prod", r"\min", r"\argmin")
LARGE = {r"\sum": "<mo>∑</mo>", r"\prod": "<mo>∏</mo>", r"\min": "<mo>min</mo>", r"\argmin": "<mo>arg min</mo>"}
ACCENTS = {r"\hat": "^", r"\bar": "¯"}
SHOWN = ' displaystyle="true"'
#: Brackets of the text's size: a stretched bracket with an exponent would be smaller than the other one.
BRACKETS = "()[]{}⌊⌋"
#: Normal spaces at the ends of a text would be dropped.
NO_BREAK = "\u00a0"
FENCES = {r"\abs": "|", r"\norm": "‖"}


def mathml(tex: str) -> str:
    r"""A formula as a block; `\\` starts a new line. Raises ValueError for an unknown command or an unclosed group."""
    lines = [_whole(line) for line in tex.split(r"\\")]
    table = "".join(f"<mtr><mtd>{line}</mtd></mtr>" for line in lines)
    return f'<math xmlns="{XMLNS}" display="block">{lines[0] if len(lines) == 1 else f"<mtable{SHOWN}>{table}</mtable>"}</math>'


def _whole(tex: str) -> str:
    tokens = deque(TOKEN.findall(tex))
    try:
        row = _row(tokens)
    except IndexError:
        raise ValueError(f"not closed: {tex}") from None
    if tokens:
        raise ValueError(f"closed without being open: {tex}")
    return row


def _row(tokens: deque[str]) -> str:
    parts = []
    while tokens and tokens[0] != "}":
        parts.append(_scripted(tokens))
    return f"<mrow>{''.join(parts)}</mrow>"


def _scripted(tokens: deque[str]) -> str:
    limits = tokens[0] in LIMITS
    base, scripts = _atom(tokens), {}
    while tokens and tokens[0] in "_^":
        which = tokens.popleft()
        scripts[which] = _atom(tokens)
    if not scripts:
        return base
    tag = {"_": "munder", "^": "mover"} if limits else {"_": "msub", "^": "msup"}
    name = ("munderover" if limits else "msubsup") if len(scripts) == 2 else tag[next(iter(scripts))]
    return f"<{name}>{base}{''.join(scripts[which] for which in sorted(scripts, reverse=True))}</{name}>"


def _atom(tokens: deque[str]) -> str:
    token = tokens.popleft()
    if token == "{":
        row = _row(tokens)
        tokens.popleft()
        return row
    if token.startswith(r"\text{"):
        return f"<mtext>{escape(token[6:-1]).replace(' ', NO_BREAK)}</mtext>"
    if token.startswith(r"\op{"):
        return f"<mi>{escape(token[4:-1])}</mi>"
    if token in LARGE:
        return LARGE[token]
    if token in ACCENTS:
        return f'<mover accent="true">{_atom(tokens)}<mo>{ACCENTS[token]}</mo></mover>'
    if token in FENCES:
        return f"<mrow><mo>{FENCES[token]}</mo>{_atom(tokens)}<mo>{FENCES[token]}</mo></mrow>"
    if token == r"\frac":
        return f"<mfrac>{_atom(tokens)}{_atom(tokens)}</mfrac>"
    if token == r"\sqrt":
        return f"<msqrt>{_atom(tokens)}</msqrt>"
    if token == r"\quad":
        return '<mspace width="1.5em"/>'
    if token[0] == "\\" and token not in SIGNS:
        raise ValueError(f"not known: {token}")
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token.isalpha() or token in "∂∇∞⊤":
        return f"<mi>{token}</mi>"
    sign = SIGNS.get(token, token)
    return f'<mo stretchy="false">{sign}</mo>' if sign in BRACKETS else f"<mo>{escape(sign)}</mo>"
