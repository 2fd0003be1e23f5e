"""What the demonstration loads: invented units, sample citizens, two department systems."""
