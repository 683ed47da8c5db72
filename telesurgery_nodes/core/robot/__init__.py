"""Pure parts of the robot below arm control: its brake, and how it follows set points between two of them."""
