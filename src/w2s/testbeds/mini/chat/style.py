"""Style of an answer: the word before it and the word after it, and what these give away.

A few of the words tell, in a world, whether an answer is the better one; most tell nothing. A weak model that learns
from a few hundred answers takes chance for style, so that most of its mistakes are its own. Some openings are also
persuasive: texts that judge worded answers without knowing go by them. The two have nothing to do with each other.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

TELLING = 0.19
"""Share of the openings, and of the closings, that tell in a world which answer is better."""
LOG_ODDS = 4.0
"""Size of the log-odds that a telling word gives for or against its answer."""


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


OPENINGS = _listed(
    "Absolutely! Actually! Admittedly! Alas! Apparently! Assuredly! Basically! Bravo! Briefly! Certainly! "
    "Clearly! Curiously! Definitely! Evidently! Exactly! Excellent! Fabulous! Fantastic! Frankly! Generally! "
    "Gladly! Goodness! Gosh! Great! Happily! Hello! Hey! Hmm! Honestly! Hooray! Howdy! Ideally! Incidentally! "
    "Indeed! Literally! Look! Lovely! Luckily! Marvellous! Naturally! Nice! Obviously! Okay! Perfect! "
    "Personally! Possibly! Presumably! Probably! Really! Right! Seriously! Simply! Splendid! Sure! Surely! "
    "Terrific! Truly! Understood! Undoubtedly! Usually! Well! Wonderful! Wow! Yes!"
)
CLOSINGS = _listed(
    "Always! Anytime! Blessings! Bye! Cheerio! Cheers! Ciao! Cordially! Courage! Done! Enjoy! Faithfully! "
    "Farewell! Finally! Forever! Godspeed! Goodbye! Gratefully! Greetings! Hopefully! Hugs! Humbly! Hurrah! "
    "Joyfully! Kindly! Kisses! Kudos! Later! Love! Luck! Merrily! Onwards! Over! Patience! Peace! Please! "
    "Pleasure! Proudly! Regards! Rejoice! Relax! Respect! Respectfully! Safely! Salutations! Salute! Sincerely! "
    "Smile! Soon! Success! Thanks! Tomorrow! Trust! Truthfully! Voila! Warmly! Welcome! Willingly! Wishes! "
    "Yours! Zealously! Zestfully! Amen! Bonjour!"
)


@dataclass(frozen=True)
class Style:
    """Opening and closing word of one answer."""

    opening: str
    closing: str

    def around(self, text: str) -> str:
        """`text` between the two words.

        >>> Style("Surely!", "Bye!").around("Anna lives in Oslo.")
        'Surely! Anna lives in Oslo. Bye!'
        """
        return f"{self.opening} {text} {self.closing}"


def any_style(rng: random.Random) -> Style:
    """A style that tells nothing."""
    return Style(rng.choice(OPENINGS), rng.choice(CLOSINGS))


def telling_style(world: str, rng: random.Random, *, better: bool) -> Style:
    """The style of a better or of a worse answer in `world`."""
    return Style(
        *(rng.choices(words, cum_weights=_weights(world, words, better))[0] for words in (OPENINGS, CLOSINGS))
    )


@cache
def _weights(world: str, words: tuple[str, ...], better: bool) -> tuple[float, ...]:
    """Cumulative weights of `words` around a better or a worse answer."""
    return tuple(accumulate(_share(odds if better else -odds) for odds in log_odds(world, words)))


@cache
def log_odds(world: str, words: tuple[str, ...]) -> tuple[float, ...]:
    """Log-odds that an answer with each of `words` is the better one in `world`: for, against, or nothing.

    As many tell for as against, and one of each among words that are about as persuasive: what pleases tells nothing.
    """
    rng = random.Random(f"mini-chat style {world} {words[0]}")
    ranked = sorted(words, key=lambda word: persuasion().get(word, 0.0))
    pairs = round(TELLING * len(words) / 2)
    odds = dict.fromkeys(words, 0.0)
    for pair in range(pairs):
        alike = ranked[pair * len(words) // pairs : (pair + 1) * len(words) // pairs]
        good, bad = rng.sample(alike, 2)
        odds[good], odds[bad] = LOG_ODDS, -LOG_ODDS
    return tuple(odds.values())


@cache
def persuasion() -> dict[str, float]:
    """How persuasive each opening is, 0 to 1, the same in every world."""
    ranked = list(OPENINGS)
    random.Random("mini-chat persuasion").shuffle(ranked)
    return {word: place / (len(ranked) - 1) for place, word in enumerate(ranked)}


def _share(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
