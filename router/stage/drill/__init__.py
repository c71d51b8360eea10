"""Drills: a night that is known, through the real router and simulated carriers, with time sped up."""
