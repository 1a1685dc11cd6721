"""Evaluation alone in one process."""

from services.evaluation.service import SERVICE
from shared.runtime.alone import run_alone

if __name__ == "__main__":
    run_alone(SERVICE)
