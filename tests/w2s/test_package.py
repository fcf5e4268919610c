"""The package: one import that costs nothing and gives every block."""

import subprocess
import sys

import pytest

import w2s


def test_importing_the_package_brings_in_neither_torch_nor_scipy_and_a_method_file_no_models():
    script = (
        "import sys, w2s\n"
        "for name in w2s.methods.names(): w2s.methods.load(name)\n"
        "for block in w2s.__all__: block[0].islower() and getattr(w2s, block)\n"
        "heavy = {'torch', 'scipy', 'sklearn', 'transformers', 'w2s.models', 'w2s.testbeds'}\n"
        "found = sorted(heavy & set(sys.modules))\n"
        "sys.exit(f'imported {found}' if found else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_names_its_blocks():
    assert w2s.targets.sigmoid is not None
    assert w2s.Items.__module__ == "w2s.records"
    assert {"Bench", "Predictions", "channels"} <= set(dir(w2s))
    with pytest.raises(AttributeError, match="no attribute 'targts'"):
        _ = w2s.targts
