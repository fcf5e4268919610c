"""Hackability reports: what shortcuts get on a testbed without any model, known before it is climbed on."""

from w2s.testbeds.hackability.finding import Finding, Gap, Probe, Seen, Severity, measured_gaps
from w2s.testbeds.hackability.leaks import Balance, Leak
from w2s.testbeds.hackability.probes import PROBES
from w2s.testbeds.hackability.report import Report, audit

__all__ = [
    "PROBES",
    "Balance",
    "Finding",
    "Gap",
    "Leak",
    "Probe",
    "Report",
    "Seen",
    "Severity",
    "audit",
    "measured_gaps",
]
