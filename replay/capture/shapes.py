"""Pseudonyms for personal data, in the shape of what they stand for.

Texts are replaced word by word: a word has the same pseudonym wherever it stands and however its letters are
cased, so a customer's name is the same in a field of its own, in a chat text and in an e-mail address. Made
under a key, a pseudonym tells of a value only its length, its case and that two were the same.
"""

from __future__ import annotations

import hashlib
import re
import zlib

_CHECKED = 7
"""Digits from which on a number carries check digits."""

_COUNTED = 3
"""Digits up to which no two numbers get the same pseudonym, as hashes of so few digits would."""

_REMEMBERED = 20_000
"""Words whose pseudonyms are kept rather than made again."""

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_EMAIL = r"[^\W_][\w.%+-]{0,63}@[\w-]+(?:\.[\w-]+)+"
_URL = r"(?:https?|wss?)://[^\s\"'<>@/?#]+"
_NUMBER = r"(?<![^\W_])[(+]?\d(?:[ ().\-/]{0,2}\d)*(?![^\W_])"
_TOKEN = re.compile(f"(?P<email>{_EMAIL})|(?P<url>{_URL})|(?P<number>{_NUMBER})|(?P<word>[^\\W_]+)")
EXAMPLE = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)", re.IGNORECASE)
"""Domains nobody's mail is sent to."""
_DIGIT = re.compile(r"\d")
_HEX = re.compile(r"[0-9a-f]{8,64}")
_NUMERAL = re.compile(r"-?(\d+(?:\.\d+)?)")

NUMBER = re.compile(_NUMBER)
"""A run of digits, with the punctuation of phone numbers, dates and cards between them."""


class Shapes:
    """Makes pseudonyms under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(key + b"shapes").digest()
        self._words: dict[str, str] = {}
        self._successors: dict[int, dict[str, str]] = {}

    def text(self, text: str) -> str:
        """Words of the same lengths and cases, digits for digits; punctuation and spaces stay.

        An e-mail address becomes one below example.com, a URL's host likewise.
        """
        return _TOKEN.sub(self._token, text)

    def word(self, word: str) -> str:
        """A pronounceable word of the same length and case; digits within it become other digits."""
        if word.isascii() and word.isdigit():
            return self.digits(word)
        made = self._words.get(word)
        if made is None:
            if len(self._words) >= _REMEMBERED:
                self._words.clear()
            made = self._words[word] = self._word(word)
        return made

    def digits(self, text: str) -> str:
        """The text with other digits: the same ones for the same digits, whatever stands between them.

        A leading zero stays one and no other becomes one, so that a number in JSON stays valid.
        """
        digits = "".join(_DIGIT.findall(text))
        made = iter(self._digits(digits))
        return _DIGIT.sub(lambda _: next(made), text)

    def numeral(self, numeral: str) -> str:
        """A number of JSON; sign and exponent stay."""
        return _NUMERAL.sub(lambda match: self.digits(match[0]), numeral, count=1)

    def email(self, address: str) -> str:
        """An address below example.com, unless it is one already; one domain stays one."""
        local, _, domain = address.rpartition("@")
        if not EXAMPLE.fullmatch(domain):
            domain = f"{self._letters('@' + domain.lower(), max(3, min(12, domain.find('.'))))}.example.com"
        return f"{self.text(local)}@{domain}"

    def _token(self, match: re.Match[str]) -> str:
        text = match[0]
        match match.lastgroup:
            case "word":
                return self.word(text)
            case "number":
                return self.digits(text)
            case "email":
                return self.email(text)
            case _:
                scheme, mark, host = text.partition("://")
                name, colon, port = host.partition(":")
                if EXAMPLE.fullmatch(name):
                    return text
                length = max(3, min(12, name.find(".")))
                return f"{scheme}{mark}{self._letters('@' + name.lower(), length)}.example.com{colon}{port}"

    def _word(self, word: str) -> str:
        plain = word.lower()
        letters = iter(self._letters(plain, len(word)))
        digits = iter(self._digits("".join(_DIGIT.findall(plain)), salt=plain))
        made = []
        for character in word:
            letter = next(letters)
            if character.isdigit():
                made.append(next(digits) if _DIGIT.match(character) else "0")
            else:
                made.append(letter.upper() if character.isupper() else letter)
        return "".join(made)

    def _letters(self, plain: str, length: int) -> str:
        attempt = 0
        while True:
            stream = self._stream(f"{attempt}w{plain}", length + 1)
            first = stream[-1] % 3 == 0
            made = "".join(
                alphabet[byte % len(alphabet)]
                for byte, alphabet in zip(
                    stream,
                    (_VOWELS if (at % 2 == 0) == first else _CONSONANTS for at in range(length)),
                    strict=False,
                )
            )
            if made != plain:
                return made
            attempt += 1

    def _digits(self, digits: str, salt: str = "") -> str:
        """Other digits, and never what passes for the number of a card."""
        if not digits:
            return ""
        if not digits.isascii():
            # Of any script: what it counts is what is replaced.
            digits = "".join(str(int(digit)) for digit in digits)
        if not salt and len(digits) <= _COUNTED and digits[0] != "0":
            return self._successor(digits)
        attempt = 0
        while True:
            stream = self._stream(f"{attempt}d{salt}{digits}", len(digits))
            first = "0" if digits[0] == "0" else "123456789"[stream[0] % 9]
            made = first + "".join("0123456789"[byte % 10] for byte in stream[1:])
            if len(made) >= _CHECKED:
                made = checked(made[:-2])
            if (made != digits or digits == "0") and not (len(made) >= 12 and luhn(made)):
                return made
            attempt += 1

    def _successor(self, digits: str) -> str:
        """The next number of as many digits, in an order made under the key."""
        length = len(digits)
        if length not in self._successors:
            numbers = map(str, range(10 ** (length - 1), 10**length))
            order = sorted(numbers, key=lambda number: self._stream(f"n{number}", 16))
            self._successors[length] = dict(zip(order, order[1:] + order[:1], strict=True))
        return self._successors[length][digits]

    def _stream(self, what: str, length: int) -> bytes:
        made = b""
        text = what.encode("utf-8", "surrogatepass")
        while len(made) < length:
            block = len(made).to_bytes(4, "big") + text
            made += hashlib.blake2b(block, key=self._key, digest_size=64).digest()
        return made[:length]


def checked(digits: str) -> str:
    """Two digits more, by which a number is known as a pseudonym of ours; one in 97 others has them too."""
    return f"{digits}{(98 - int(digits) * 100) % 97:02}"


def checked_hex(digits: str) -> str:
    """Two hex digits more, likewise; one in 256 others has them too."""
    return f"{digits}{zlib.crc32(digits.encode()) & 255:02x}"


def is_ours(value: str) -> bool:
    """Whether this is the pseudonym of a secret or a number, by its check digits."""
    if value.isascii() and value.isdigit() and len(value) >= _CHECKED and checked(value[:-2]) == value:
        return True
    return _HEX.fullmatch(value) is not None and checked_hex(value[:-2]) == value


def luhn(digits: str) -> bool:
    """Whether the check digit is right, as on the card of a bank."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
