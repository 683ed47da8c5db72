"""CRTK's own Python client, unchanged, against one arm: prints what each call did as JSON. A process of its own: it owns rclpy."""

import json
import sys
import time

import crtk
import numpy as np
import PyKDL

SERVED = (
    "operating_state", "measured_js", "measured_cp", "measured_cv", "measured_cf", "setpoint_js", "setpoint_cp", "hold", "free", "servo_jp",
    "servo_jr", "servo_cp", "servo_cv", "servo_jf", "servo_cf", "move_jp", "move_jr", "move_cp", "forward_kinematics", "inverse_kinematics",
)  # fmt: skip


class Arm:
    """Everything of CRTK that the suite says it does."""

    class Part:
        def __init__(self, ral, *what, state=None):
            self.crtk_utils = crtk.utils(self, ral, operating_state_instance=state)
            for name in what:
                getattr(self.crtk_utils, f"add_{name}")()

    def __init__(self, ral):
        self.ral = ral
        self.crtk_utils = utils = crtk.utils(self, ral)
        for name in SERVED:
            getattr(utils, f"add_{name}")()
        self.local = self.Part(ral.create_child("local"), "measured_cp", "setpoint_cp")
        self.body = self.Part(ral.create_child("body"), "jacobian", "measured_cf")
        self.spatial = self.Part(ral.create_child("spatial"), "jacobian")
        self.jaw = self.Part(ral.create_child("jaw"), "measured_js", "setpoint_js", "move_jp", "servo_jp", state=self)


class Camera:
    """The endoscope arm, as far as it goes."""

    def __init__(self, ral):
        self.ral = ral
        self.crtk_utils = utils = crtk.utils(self, ral)
        names = ("operating_state", "measured_js", "measured_cp", "setpoint_js", "setpoint_cp", "move_jp", "move_cp", "forward_kinematics")
        for name in names:
            getattr(utils, f"add_{name}")()


def close(a, b, metres=2e-4, radians=2e-3):
    turn = (a.M.Inverse() * b.M).GetRotAngle()[0]
    return bool((a.p - b.p).Norm() < metres and abs(turn) < radians)


def enabled_and_homed(arm, seconds=15.0):
    """The phase allows local motion only once every report has come: ask until it does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if arm.enable(1.0) and (arm.is_homed() or arm.home(8.0)):
            return True
    return False


def speeds(arm):
    """servo_cv and servo_jr: the tip moves 2 mm, one joint 20 mrad."""
    before = arm.setpoint_cp()[0]
    for _ in range(40):
        arm.servo_cv(np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.0]))
        time.sleep(0.005)
    time.sleep(0.5)
    way = (arm.setpoint_cp()[0].p - before.p).Norm()
    joints = arm.setpoint_jp()[0]
    arm.servo_jr(np.array([0.02, 0.0, 0.0, 0.0, 0.0, 0.0]))
    time.sleep(0.5)
    return {"servo_cv": 0.001 < way < 0.004, "servo_jr": bool(abs(arm.setpoint_jp()[0][0] - joints[0] - 0.02) < 1e-4)}


def streams(arm):
    """servo_jp: 60 steps of 1 mrad, and back where it began."""
    start = arm.setpoint_jp()[0]
    for step in (*range(60), *range(60, -1, -1)):
        arm.servo_jp(start + np.array([0.001 * step, 0.0, 0.0, 0.0, 0.0, 0.0]))
        time.sleep(0.005)
    time.sleep(0.3)
    back = bool(np.allclose(arm.setpoint_jp()[0], start, atol=1e-4))
    jaw = arm.jaw.move_jp(np.array([0.5])).wait(timeout=10.0)
    time.sleep(0.1)
    return {"servo_jp": back, "jaw/move_jp, wait": jaw and abs(arm.jaw.setpoint_jp()[0][0] - 0.5) < 1e-3}


def refused(arm):
    """What is no command, or none for this arm: it stays where it is and goes on answering."""
    start, tip = arm.setpoint_jp()[0], arm.setpoint_cp()[0]
    nothing = np.full(6, np.nan)
    asked = {
        "move_jp of NaN": lambda: arm.move_jp(nothing),
        "move_jp of 5 joints": lambda: arm.move_jp(start[:5] + 0.1),
        "servo_jp of NaN": lambda: arm.servo_jp(nothing),
        "servo_cv of NaN": lambda: arm.servo_cv(nothing),
        "move_cp out of reach": lambda: arm.move_cp(PyKDL.Frame(tip.M, tip.p + PyKDL.Vector(0.5, 0.0, 0.0))),
        "move_cp of NaN": lambda: arm.move_cp(PyKDL.Frame(tip.M, PyKDL.Vector(np.nan, 0.0, 0.0))),
        "servo_cp without a permit": lambda: arm.servo_cp(PyKDL.Frame(tip.M, tip.p + PyKDL.Vector(0.002, 0.0, 0.0))),
        "jaw/servo_jp without a permit": lambda: arm.jaw.servo_jp(np.array([0.9])),
        "servo_jf": lambda: arm.servo_jf(np.ones(6)),
        "servo_cf": lambda: arm.servo_cf(np.ones(6)),
        "free": arm.free,
        "state_command": lambda: arm.state_command("dance"),
    }
    done = {}
    for name, ask in asked.items():
        ask()
        time.sleep(0.2)
        stays = bool(np.allclose(arm.setpoint_jp()[0], start, atol=1e-6))
        done[f"refused: {name}"] = stays and arm.is_enabled()
    done["refused: inverse kinematics out of reach"] = not arm.inverse_kinematics(
        start, PyKDL.Frame(tip.M, tip.p + PyKDL.Vector(0.5, 0.0, 0.0)), extra=True
    )[1]
    done["refused: forward kinematics of 5 joints"] = not arm.forward_kinematics(start[:5], extra=True)[1]
    return done


def camera(arm):
    """The endoscope arm has four joints, no jaw, and a tip that moves in the frame it is measured in."""
    done = {"enable, home": enabled_and_homed(arm)}
    q = arm.measured_jp(wait_timeout=5.0)[0]
    tip = arm.measured_cp(wait_timeout=5.0)[0]
    done["forward_kinematics"] = close(arm.forward_kinematics(q), tip)
    goal = q + np.array([0.05, 0.03, 0.01, 0.1])
    there = arm.forward_kinematics(goal)
    done["move_cp, wait"] = arm.move_cp(there).wait(timeout=10.0)
    time.sleep(0.1)
    done["move_cp"] = close(arm.setpoint_cp()[0], there) and bool(np.allclose(arm.setpoint_jp()[0], goal, atol=1e-3))
    done["move_jp, wait"] = arm.move_jp(q).wait(timeout=10.0)
    time.sleep(0.1)
    done["measured_cp"] = close(arm.measured_cp()[0], tip)
    return {name: bool(value) for name, value in done.items()}


def run(arm):
    """name -> it worked."""
    arm.ral.check_connections(10.0)
    done = {"enable, home": enabled_and_homed(arm)}
    q, _, _, stamp = arm.measured_js(wait_timeout=5.0)
    tip, _ = arm.measured_cp(wait_timeout=5.0)
    done["measured_js"] = len(q) == 6 and stamp > 0.0
    done["measured_cv"] = len(arm.measured_cv(wait_timeout=5.0)[0]) == 6
    done["local, jaw"] = arm.local.measured_cp(wait_timeout=5.0)[1] > 0.0 and len(arm.jaw.measured_jp(wait_timeout=5.0)[0]) == 1
    found, ok, _ = arm.forward_kinematics(q, extra=True)
    done["forward_kinematics"] = ok and close(found, tip)
    joints, ok, _ = arm.inverse_kinematics(q, tip, extra=True)
    done["inverse_kinematics"] = ok and bool(np.allclose(joints, q, atol=1e-3))
    goal = q + np.array([0.1, 0.1, 0.01, 0.2, 0.1, -0.1])
    done["move_jp, wait"] = arm.move_jp(goal).wait(timeout=10.0) and bool(np.allclose(arm.setpoint_jp()[0], goal, atol=1e-4))
    done["move_jr, wait"] = arm.move_jr(q - goal).wait(timeout=10.0) and bool(np.allclose(arm.setpoint_jp()[0], q, atol=1e-4))
    line = PyKDL.Frame(tip.M * PyKDL.Rotation.RotZ(0.3), tip.p + PyKDL.Vector(0.01, 0.01, -0.01))
    done["move_cp, wait"] = arm.move_cp(line).wait(timeout=10.0)
    time.sleep(0.1)
    done["move_cp"] = close(arm.setpoint_cp()[0], line)
    arm.move_cp(tip)
    time.sleep(0.3)
    arm.hold()
    time.sleep(0.3)
    held = arm.setpoint_cp()[0]
    time.sleep(0.3)
    done["hold"] = close(arm.setpoint_cp()[0], held, 1e-7, 1e-6) and not close(held, tip) and not close(held, line)
    body, spatial = (part.jacobian(wait_timeout=5.0)[0] for part in (arm.body, arm.spatial))
    done["jacobian"] = body.shape == spatial.shape == (6, 6)
    done["measured_cf"] = len(arm.measured_cf(wait_timeout=5.0)[0]) == len(arm.body.measured_cf(wait_timeout=5.0)[0]) == 6
    done.update(speeds(arm))
    done.update(streams(arm))
    done.update(refused(arm))
    done["unhome"] = arm.unhome(5.0) and not arm.is_homed()
    done["disable"] = arm.disable(5.0) and arm.is_disabled()
    return {name: bool(value) for name, value in done.items()}


if __name__ == "__main__":
    handle = crtk.ral("crtk_client_of_the_test", sys.argv[1])
    handle.spin()
    done = camera(Camera(handle)) if sys.argv[1] == "ECM" else run(Arm(handle))
    sys.stdout.write("RESULT " + json.dumps(done) + "\n")
    handle.shutdown()
