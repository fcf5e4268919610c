"""Fine-tune where the weak supervisor and the strong model's zero-shot answer agree.

    kept = 1[p_weak > .5] == 1[zero-shot margin > 0];  target = 1[p_weak > .5]

Two judges that err for different reasons are wrong together less often than either alone. Defaults: none to
set. Cost: .8, the share that is kept and the zero-shot pass. Relies on: the weak model and the zero-shot
prompt making different mistakes. Source: set here; co-training's agreement rule (Blum and Mitchell 1998).
"""

from __future__ import annotations

import w2s


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Weak labels that the zero-shot answer confirms, one student."""
    student = bench.strong()
    own = w2s.targets.hard(w2s.elicitation.zero_shot(student, bench.unlabelled))
    agreed = own == bench.weak.hard
    student.finetune(bench.unlabelled[agreed], bench.weak.hard[agreed])
    return student.predict(bench.test)
