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
    Aaron Abigail Adele Adrian Aisha Alan Alba Albert Alfred Alice Alina Alvin Amanda Amos Andrea Angus
    Arlo Arthur Asher Aurora Axel Beatrix Bianca Blanca Brenda Brian Caleb Camilla Carmen Caspar Cedric
    Clara Conrad Cora Cosmo Daphne David Delia Diego Dmitri Donna Dylan Edgar Edwin Eileen Elena Elmer
    Emil Enid Ernest Eva Ezra Fatima Fiona Floyd Frank Freya Gareth Gemma Gerald Gilda Grace Gustav
    Hannah Harold Hassan Hazel Heidi Herman Homer Hubert Ida Imran Irene Isla Ivan Ivy Jana Janet Jerome
    Joan Josef Judith Kamal Keith Kevin Lana Laura Leila Leonard Linda Lorenzo Louis Lucy Mabel Malik
    Marian Martin Matilda Maude Miriam Morris Muriel Neil Nina Norman Odette Omar Orla Oswald Otis Pamela
    Pascal Pearl Percy Priya Rachel Renata Rupert Ruth
"""

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "north": tuple(_NORTH.split()),
    "south": tuple(_SOUTH.split()),
    "east": tuple(_EAST.split()),
}
"""Names by world: sixty each, and 120 in the one that holds practice, dev and sealed together."""
