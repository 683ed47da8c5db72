"""Kinematics of the arms: model from URDF, closed forms, limits, remote centre of motion."""
