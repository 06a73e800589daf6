"""What a text is made of, counted: the features from which its tokens are estimated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

# The features, in the order of the weights in tokens.toml. A tokenizer has learnt the words of some languages
# by heart; of others it knows syllables, letters, or bytes only.
FEATURES = (
    "words", "letters", "other words", "other letters", "capitals inside", "accents", "Cyrillic words",
    "Cyrillic letters", "kana", "Han", "Hangul", "groups of digits", "line ends", "gaps", "runs of signs",
    "signs", "words of other alphabets", "letters of other alphabets", "bytes of the rest",
)  # fmt: skip
(
    _WORDS, _LETTERS, _OTHER_WORDS, _OTHER_LETTERS, _CAPITALS, _ACCENTS, _CYRILLIC_WORDS, _CYRILLIC, _KANA,
    _HAN, _HANGUL, _DIGITS, _LINES, _GAPS, _RUNS, _SIGNS, _ALPHABET_WORDS, _ALPHABET, _REST,
) = range(len(FEATURES))  # fmt: skip

_PIECE = re.compile(
    r"""(?sx)
    (?P<latin>[A-Za-z]+)
    | (?P<accent>[\u00c0-\u024f\u1e00-\u1eff])
    | (?P<cyrillic>[\u0400-\u052f]+)
    | (?P<kana>[\u3040-\u30ff\uff66-\uff9f])
    | (?P<han>[\u3400-\u9fff\uf900-\ufaff])
    | (?P<hangul>[\uac00-\ud7af])
    | (?P<digits>\d+)
    | (?P<line>\r?\n[\r\n\t\ ]*)
    | (?P<gap>[\ \t]{2,})
    | (?P<space>\ )
    | (?P<signs>[!-/:-@\[-`{-~]+)
    | (?P<alphabet>[\u0370-\u03ff\u0530-\u1dff\u1f00-\u1fff]+)
    | (?P<rest>.)
    """
)
_CAMEL = re.compile("(?<=[a-z])[A-Z]")
_WORD = re.compile(r"[^\W\d_]+")
# The commonest words tell English, and code, from the other languages of the Latin alphabet.
_ENGLISH = frozenset((
    "the", "of", "and", "to", "in", "is", "you", "that", "it", "for", "are", "with", "as", "this", "be",
    "on", "or", "not", "have", "from", "by", "at", "an", "if", "can", "which", "will", "your", "all",
    "has", "was",
))  # fmt: skip
_OTHERS = frozenset((
    "de", "la", "el", "que", "los", "las", "del", "un", "una", "es", "se", "por", "con", "para", "der",
    "die", "und", "das", "den", "von", "zu", "mit", "ist", "nicht", "ein", "eine", "auf", "im", "het",
    "een", "van", "dat", "op", "te", "zijn", "och", "att", "det", "som", "på", "av", "för", "med", "er",
    "af", "til", "di", "che", "il", "lo", "le", "les", "et", "une", "du", "est", "dans", "pour", "o",
    "os", "da", "do", "em", "não", "na", "uma", "com", "i", "w", "z", "nie", "się", "je", "v", "ve",
    "že", "si", "mai", "să", "în", "cu", "yang", "dan", "untuk", "dengan", "dari", "và", "của", "là",
    "các", "có", "không", "cho", "els", "amb", "az", "hogy", "és", "egy",
))  # fmt: skip
# Less than this share of such words is chance, as in code.
_SHARE = 0.03


def features_of(text: str) -> list[int]:
    """How often each of `FEATURES` is in a text."""
    found = [0] * len(FEATURES)
    words, letters = (_OTHER_WORDS, _OTHER_LETTERS) if _is_other(text) else (_WORDS, _LETTERS)
    for match in _PIECE.finditer(text):
        piece = match[0]
        match match.lastgroup:
            case "latin":
                found[words] += 1
                found[letters] += len(piece)
                if not piece.islower():
                    found[_CAPITALS] += len(_CAMEL.findall(piece))
            case "space":
                pass
            case kind:
                for feature, count in _COUNTED[str(kind)](piece):
                    found[feature] += count
    return found


_COUNTED: Mapping[str, Callable[[str], tuple[tuple[int, int], ...]]] = {
    "accent": lambda _: ((_ACCENTS, 1),),
    "cyrillic": lambda piece: ((_CYRILLIC_WORDS, 1), (_CYRILLIC, len(piece))),
    "kana": lambda _: ((_KANA, 1),),
    "han": lambda _: ((_HAN, 1),),
    "hangul": lambda _: ((_HANGUL, 1),),
    "digits": lambda piece: ((_DIGITS, -(-len(piece) // 3)),),
    "line": lambda _: ((_LINES, 1),),
    "gap": lambda _: ((_GAPS, 1),),
    "signs": lambda piece: ((_RUNS, 1), (_SIGNS, len(piece))),
    "alphabet": lambda piece: ((_ALPHABET_WORDS, 1), (_ALPHABET, len(piece))),
    "rest": lambda piece: ((_REST, len(piece.encode(errors="replace"))),),
}


def _is_other(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    english = sum(word in _ENGLISH for word in words)
    other = sum(word in _OTHERS for word in words)
    return other > english and other >= max(2, _SHARE * len(words))
