"""What others see of a call: progress events and telemetry."""
