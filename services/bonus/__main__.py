"""Bonus alone in one process."""

from services.bonus.service import SERVICE
from shared.runtime.alone import run_alone

if __name__ == "__main__":
    run_alone(SERVICE)
