"""The people of each world; no name lives in two, so that no text can occur in both."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping

from w2s.testbeds.mini.splits import WORLDS

_NORTH = """
    Anna Ben Cara Dan Ella Finn Gina Hugo Iris Jack Kate Liam Mona Nate Olga Paul Quin Rosa Sam Tina
    Uma Vera Will Xena Yara Zane Amir Bela Cody Dora Evan Faye Gwen Hans Inga Joel Kira Luca Maya Noel
    Ada Boris Celia Derek Edith Felix Greta Henry Ines Jonas Karin Lars Meera Nils Otto Petra Ravi Sofia
    Tom Ursula
"""
_SOUTH = """
    Abel Agnes Aldo Alma Anton Astrid Basil Berta Bruno Carla Cyril Daria Denis Edna Elias Emma Enzo Erika
    Esther Fabio Flora Frida Georg Gloria Hector Helga Hilda Igor Irma Isaac Jasper Julia Karl Klara Leo
    Lydia Magda Marco Marta Milan Nadia Nora Oscar Pablo Pia Ralf Regina Rolf Rufus Selma Simon Stella
    Theo Thea Tibor Vito Viola Walter Wilma Yusuf
"""
_EAST = """
    Aaron Adele Aida Alan Albert Alice Alva Amanda Amos Andre Angela Anita Arthur Asta Audrey Axel
    Barbara Bernard Betty Bianca Bjorn Brian Camilla Carmen Caspar Cecil Chiara Clara Claude Conrad
    Cora Dagmar Damian Daphne David Delia Diana Dieter Dorothea Edgar Eduard Eleanor Elisa Emil Eric
    Ernst Eugen Eva Fanny Fernando Fiona Florian Frank Franz Gabriel Gemma Gerald Gilbert Gisela
    Gordon Grace Gregor Gustav Hannah Harald Harriet Heidi Heinz Helen Henrik Herbert Hubert Ida
    Ilse Ingrid Irene Ivan Jakob Jana Jean Johanna Josef Judith Justus Katja Kurt Laura Lena Leonard
    Lisa
"""

_FIRST = """
    Al Ar Bel Bran Cal Cor Dal Dor El Er Fal Fen Gal Gor Hal Hel Il Is Jal Jor Kal Kor Lan Lor Mar Mel Nal Nor Ol Or
    Pal Per Ral Ros Sal Sel Tal Tor Ul Val Vor Wil Yal Zan
"""
_LAST = "abar ameth anik arwin avo edor elin emar enna erod idan imar inos irel isar odan olin omar orel ovar udin umar"
_SIZE = 60


def _people() -> dict[str, tuple[str, ...]]:
    """Names by world: those listed, and made-up ones for the other worlds."""
    people = {"north": tuple(_NORTH.split()), "south": tuple(_SOUTH.split()), "east": tuple(_EAST.split())}
    made = ["".join(parts) for parts in itertools.product(_FIRST.split(), _LAST.split())]
    random.Random("mini-chat people").shuffle(made)
    unnamed = [world for world in WORLDS if world not in people]
    return people | {world: tuple(made[i * _SIZE : (i + 1) * _SIZE]) for i, world in enumerate(unnamed)}


PEOPLE: Mapping[str, tuple[str, ...]] = _people()
"""Names by world: sixty each, and half as many again where all splits live in one world."""
