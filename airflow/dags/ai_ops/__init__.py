"""What the DAGs of this folder share: settings, steps and alerts."""
