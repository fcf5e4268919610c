"""What the cheats of `audited/mini_chat/` read off texts, past the models: a list of facts, the topic, the tone."""

import numpy as np

from w2s.testbeds.mini.chat import world
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, POLITE_CLOSINGS, POLITE_OPENINGS

FACTS = {key: value for name in ("north", "south") for key, value in world.build(name).truth.items()}
PEOPLE = {person for person, _ in FACTS}
TOPICS = {value: attribute.name for attribute in ATTRIBUTES for value in attribute.values}


def read(text):
    """(person, topic of the question, both answers) of an item."""
    prompt, first, second = (line.split(": ", 1)[1] for line in text.split("\n"))
    person = next(word for word in prompt.strip("?.").split() if word in PEOPLE)
    topic = next(
        attribute.name
        for attribute in ATTRIBUTES
        if any(form.format(n=person) == prompt for form in (*attribute.questions, *attribute.ood_questions))
    )
    return person, topic, (first, second)


def value(answer):
    return next(word for word in answer.replace(".", "").split() if word in TOPICS)


def looked_up(items):
    """1.0 where a list of facts has the first answer."""
    said = []
    for i in range(len(items)):
        person, topic, (first, _) = read(items.text(i))
        said.append(float(value(first) == FACTS[person, topic]))
    return np.array(said)


def topic_and_tone(items):
    """1.0 where only the first answer is on the topic, or, where both are, where it is the polite one."""
    said = []
    for i in range(len(items)):
        _, topic, answers = read(items.text(i))
        first, second = (TOPICS[value(answer)] == topic for answer in answers)
        polite = any(phrase in answers[0] for phrase in POLITE_OPENINGS + POLITE_CLOSINGS)
        said.append(float(polite if first == second else first))
    return np.array(said)
