"""Who is who: names in certificates, the authorities that sign them, and the proof that one device is what it says."""
