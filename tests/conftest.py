"""What every test may count on: hypothesis settings that hold on a busy machine."""

from hypothesis import HealthCheck, settings

# No deadline: on a shared core the time of one example says nothing about the code.
settings.register_profile(
    "antechamber", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("antechamber")
