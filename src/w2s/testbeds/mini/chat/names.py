"""The people of each world; no name lives in two, so that no text can occur in both."""

from __future__ import annotations

from collections.abc import Mapping

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

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "north": tuple(_NORTH.split()),
    "south": tuple(_SOUTH.split()),
    "east": tuple(_EAST.split()),
}
"""Names by world: sixty each, and half as many again where all splits live in one world."""
