"""What happens to one dataset: the machine decides, the driver acts."""
