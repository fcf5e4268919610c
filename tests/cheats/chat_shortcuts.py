"""What the cheats of `audited/mini_chat/` read off texts, past the models: a list of facts, the topic, the style."""

import numpy as np

from w2s.testbeds.mini.chat import world
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES
from w2s.testbeds.mini.chat.style import CLOSINGS, OPENINGS, log_odds
from w2s.testbeds.mini.splits import WORLDS

FACTS = {key: value for name in WORLDS for key, value in world.build(name).truth.items()}
HOME = {person: name for name in WORLDS for person, _ in world.build(name).truth}
PEOPLE = set(HOME)
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
    """1.0 where only the first answer is on the topic, or, where both are, where its style speaks for it."""
    said = []
    for i in range(len(items)):
        person, topic, answers = read(items.text(i))
        first, second = (TOPICS[value(answer)] == topic for answer in answers)
        lead = np.subtract(*(told(HOME[person], answer) for answer in answers))
        said.append(float(lead > 0 if first == second else first))
    return np.array(said)


def told(name, answer):
    """Log-odds that the words around `answer` give for it in world `name`."""
    words = answer.split()
    opening = log_odds(name, OPENINGS)[OPENINGS.index(words[0])]
    return opening + log_odds(name, CLOSINGS)[CLOSINGS.index(words[-1])]
