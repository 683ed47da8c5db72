"""ONE table of topics: name, message type, QoS, nominal rate, who says it and who hears it.

Names are relative; ``{arm}``, ``{eye}`` and ``{pair}`` are filled in by the node. A launch file may push a namespace in front.
CRTK names follow ros2.md section 2.2; QoS follows 2.6: on CRTK names publish RELIABLE, state topics TRANSIENT_LOCAL, and never
request a deadline or liveliness there. Ages are watched in code (core/safety), not by QoS events.
"""

from __future__ import annotations

from dataclasses import dataclass

from .core.arm.face import FACE, Way


@dataclass(frozen=True)
class Channel:
    """One topic. ``rate`` nominal [Hz], 0 = on change; ``reliable``/``latched`` QoS; ``site`` surgeon, patient or both.

    ``crtk``: its type where crtk_msgs is installed (ros/crtk.py).
    """

    name: str
    type: str
    site: str
    rate: float
    what: str
    reliable: bool = True
    latched: bool = False
    depth: int = 1
    crtk: str = ""


POSE, JOINTS, JOY = "geometry_msgs/PoseStamped", "sensor_msgs/JointState", "sensor_msgs/Joy"
WORDS, STRING, IMAGE = "std_msgs/UInt64MultiArray", "std_msgs/String", "sensor_msgs/Image"
PACKED, WRENCH = "sensor_msgs/CompressedImage", "geometry_msgs/WrenchStamped"
BOOL, FLOAT = "std_msgs/Bool", "std_msgs/Float64"
OPERATING_STATE, STRING_STAMPED = "crtk_msgs/OperatingState", "crtk_msgs/StringStamped"

CHANNELS: dict[str, Channel] = {
    # surgeon site
    "master_cp": Channel("{arm}/measured_cp", POSE, "surgeon", 250, "tip of a master, endoscope_view frame"),
    "gripper_js": Channel("{arm}/gripper/measured_js", JOINTS, "surgeon", 62.5, "gripper angle of a master [rad]"),
    "master_cf": Channel("{arm}/servo_cf", WRENCH, "surgeon", 250, "force a master is asked to give the hand, endoscope_view frame"),
    "align_cp": Channel("{arm}/move_cp", POSE, "surgeon", 50, "orientation a master is asked to take before following"),
    "pedal_clutch": Channel("footpedals/clutch", JOY, "surgeon", 20, "clutch pedal, 0/1", latched=True),
    "pedal_engage": Channel("footpedals/coag", JOY, "surgeon", 20, "engage (dead-man) pedal, 0/1", latched=True),
    "pedal_camera": Channel("footpedals/camera", JOY, "surgeon", 20, "camera pedal, 0/1", latched=True),
    "stop_button": Channel("console/stop_button", JOY, "surgeon", 20, "stop button, 0/1; a press latches the stop", latched=True),
    "operator_present": Channel("console/operator_present", JOY, "surgeon", 20, "head sensor, 0/1", latched=True),
    "joy": Channel("joy", JOY, "surgeon", 50, "gamepad, from the ROS joy node"),
    "console_following": Channel("console/following", "std_msgs/Bool", "surgeon", 10, "the arms follow the hands", latched=True),
    "console_phase": Channel("console/phase", "std_msgs/UInt8", "surgeon", 10, "patient side phase (safety.md)", latched=True),
    "picture_age": Channel("console/picture_age", "std_msgs/Float64", "surgeon", 25, "age of the picture shown [s]"),
    "picture_trace": Channel(
        "console/picture_trace", "std_msgs/Float64MultiArray", "surgeon", 25, "stamp and age of the picture shown [s], then its stages [s]"
    ),
    "status": Channel("console/status", STRING, "surgeon", 10, "JSON: state, loop, paths, picture age, tracking error"),
    "mirror_cp": Channel("{arm}/measured_cp", POSE, "surgeon", 100, "tool tip as returned over the link, endoscope_view frame"),
    "mirror_cf": Channel("{arm}/measured_cf", WRENCH, "surgeon", 100, "force on a tool as returned over the link, endoscope_view frame"),
    "mirror_jaw": Channel("{arm}/jaw/measured_js", JOINTS, "surgeon", 100, "jaw as returned over the link"),
    "feedback_set": Channel("console/feedback/set_mode", STRING, "surgeon", 0, "force to the hands: off, tdpa, wave (next clutch)"),
    "teleop_enabled": Channel("console/teleop/enabled", "std_msgs/Bool", "surgeon", 0, "teleoperation is switched on", latched=True),
    "teleop_scale": Channel("console/teleop/scale", FLOAT, "surgeon", 0, "motion scale in use", latched=True),
    # surgeon site: what the operator sets (docs/teleoperation.md); the first six in dVRK's names
    "teleop_enable": Channel("console/teleop/enable", BOOL, "surgeon", 0, "switch teleoperation on and off"),
    "teleop_set_scale": Channel("console/teleop/set_scale", FLOAT, "surgeon", 0, "motion scale wanted; ends adaptive scaling"),
    "teleop_select": Channel("console/teleop/select", STRING, "surgeon", 0, "pair to select, MTML_PSM3", depth=10),
    "teleop_unselect": Channel("console/teleop/unselect", STRING, "surgeon", 0, "pair to unselect", depth=10),
    "teleop_selected": Channel("console/teleop/selected", STRING, "surgeon", 0, "a pair that is selected", latched=True, depth=10),
    "teleop_unselected": Channel("console/teleop/unselected", STRING, "surgeon", 0, "a pair that no longer is", latched=True, depth=10),
    "teleop_lock_rotation": Channel("console/teleop/lock_rotation", BOOL, "surgeon", 0, "lock the rotation of every selected pair"),
    "teleop_lock_translation": Channel("console/teleop/lock_translation", BOOL, "surgeon", 0, "the same for the translation"),
    "teleop_set_align": Channel("console/teleop/set_align_MTM", BOOL, "surgeon", 0, "masters have to be aligned (default), or cannot be"),
    "teleop_tremor_filter": Channel("console/teleop/tremor_filter", BOOL, "surgeon", 0, "switch the tremor filter on and off"),
    "teleop_adaptive_scale": Channel("console/teleop/adaptive_scale", BOOL, "surgeon", 0, "let the scale follow the round trip"),
    # surgeon site: one set for each pair of a master and an instrument, as dVRK's teleoperations have it
    "pair_state": Channel("{pair}/current_state", STRING, "surgeon", 0, "DISABLED, ALIGNING_MTM or ENABLED", latched=True),
    "pair_following": Channel("{pair}/following", BOOL, "surgeon", 0, "this arm follows this hand", latched=True),
    "pair_scale": Channel("{pair}/scale", FLOAT, "surgeon", 0, "motion scale in use", latched=True),
    "pair_align": Channel("{pair}/align_mtm", BOOL, "surgeon", 0, "this master has to be aligned", latched=True),
    "pair_rotation_locked": Channel("{pair}/rotation_locked", JOY, "surgeon", 0, "rotation locked, 0/1", latched=True),
    "pair_translation_locked": Channel("{pair}/translation_locked", JOY, "surgeon", 0, "translation locked, 0/1", latched=True),
    "pair_lock_rotation": Channel("{pair}/lock_rotation", BOOL, "surgeon", 0, "lock or release the rotation"),
    "pair_lock_translation": Channel("{pair}/lock_translation", BOOL, "surgeon", 0, "lock or release the translation"),
    "pair_set_scale": Channel("{pair}/set_scale", FLOAT, "surgeon", 0, "motion scale wanted; one scale holds for all pairs"),
    "pair_set_align": Channel("{pair}/set_align_MTM", BOOL, "surgeon", 0, "this master has to be aligned, or cannot be"),
    "master_lock": Channel("{arm}/lock_orientation", "geometry_msgs/Quaternion", "surgeon", 0, "a master shall keep this orientation"),
    "master_unlock": Channel("{arm}/unlock_orientation", "std_msgs/Empty", "surgeon", 0, "a master may be turned again"),
    "master_body_cf": Channel("{arm}/body/servo_cf", "geometry_msgs/WrenchStamped", "surgeon", 50,
                              "spring that keeps the hands apart during camera control [N], endoscope_view frame"),
    # both sites; a coded picture needs the one before it, so two that arrive together must both be kept
    "video": Channel("endoscope/stereo/video", PACKED, "both", 25, "one coded stereo pair, side by side", reliable=False, depth=4),
    "image_raw": Channel("endoscope/{eye}/image_raw", IMAGE, "both", 25, "one eye, only while subscribed", reliable=False),
    "diagnostics": Channel("/diagnostics", "diagnostic_msgs/DiagnosticArray", "both", 1, "health of every node", depth=10),
    # patient site: the CRTK face of each arm
    "arm_servo_cp": Channel("{arm}/servo_cp", POSE, "patient", 250, "commanded tip, endoscope_view frame; ECM: {arm}_rcm frame"),
    "arm_servo_jp": Channel("{arm}/servo_jp", JOINTS, "patient", 250, "commanded joints"),
    "arm_move_jp": Channel("{arm}/move_jp", JOINTS, "patient", 0, "go to joints within the limits"),
    "arm_hold": Channel("{arm}/hold", "std_msgs/Empty", "patient", 0, "hold at the set point"),
    "arm_state_command": Channel(
        "{arm}/state_command", STRING, "patient", 0, "enable, disable, pause, resume, home, unhome", depth=10, crtk=STRING_STAMPED
    ),
    "arm_measured_js": Channel("{arm}/measured_js", JOINTS, "patient", 62.5, "measured joints"),
    "arm_measured_cp": Channel("{arm}/measured_cp", POSE, "patient", 62.5, "measured tip, endoscope_view frame"),
    "arm_local_cp": Channel("{arm}/local/measured_cp", POSE, "patient", 62.5, "measured tip, frame of the remote centre of motion"),
    "arm_local_setpoint_cp": Channel("{arm}/local/setpoint_cp", POSE, "patient", 62.5, "tip set point, frame of the remote centre"),
    "arm_measured_cv": Channel("{arm}/measured_cv", "geometry_msgs/TwistStamped", "patient", 62.5, "measured tip twist"),
    "arm_measured_cf": Channel("{arm}/measured_cf", WRENCH, "patient", 62.5, "force of the surroundings on the tip, endoscope_view frame"),
    "arm_body_cf": Channel("{arm}/body/measured_cf", WRENCH, "patient", 62.5, "the same in the tip's own frame"),
    "arm_setpoint_js": Channel("{arm}/setpoint_js", JOINTS, "patient", 62.5, "joint set point"),
    "arm_setpoint_cp": Channel("{arm}/setpoint_cp", POSE, "patient", 62.5, "tip set point; stamp = the servo_cp it serves"),
    "arm_operating_state": Channel(
        "{arm}/operating_state", STRING, "patient", 0, "CRTK state", latched=True, depth=10, crtk=OPERATING_STATE
    ),
    "arm_path": Channel("{arm}/path", "nav_msgs/Path", "patient", 2, "recent tool path for RViz, only while subscribed"),
    "jaw_servo_jp": Channel("{arm}/jaw/servo_jp", JOINTS, "patient", 62.5, "commanded jaw"),
    "jaw_measured_js": Channel("{arm}/jaw/measured_js", JOINTS, "patient", 31.25, "measured jaw"),
    "jaw_setpoint_js": Channel("{arm}/jaw/setpoint_js", JOINTS, "patient", 31.25, "jaw set point"),
    # patient site: the robot below arm_control (simulation, or a CRTK arm remapped here)
    "robot_servo_jp": Channel("robot/{arm}/servo_jp", JOINTS, "patient", 250, "joint set point to the motors"),
    "robot_jaw_servo_jp": Channel("robot/{arm}/jaw/servo_jp", JOINTS, "patient", 62.5, "jaw set point to the motors"),
    "robot_measured_js": Channel("robot/{arm}/measured_js", JOINTS, "patient", 125, "joints as the motors measure them"),
    "robot_jaw_measured_js": Channel("robot/{arm}/jaw/measured_js", JOINTS, "patient", 62.5, "jaw as measured"),
    "robot_measured_cf": Channel("robot/{arm}/measured_cf", WRENCH, "patient", 125, "force on the tip by what it touches, its rcm frame"),
    "robot_setpoint_js": Channel("robot/{arm}/setpoint_js", JOINTS, "patient", 125, "set point in force; stamp = the servo_jp served"),
    "robot_operating_state": Channel(
        "robot/{arm}/operating_state", STRING, "patient", 0, "ENABLED, or PAUSED by its brake", latched=True, crtk=OPERATING_STATE
    ),
    "robot_state_command": Channel(
        "robot/{arm}/state_command", STRING, "patient", 0, "brake off: enable, after a pause resume", depth=10, crtk=STRING_STAMPED
    ),
    "robot_objects": Channel("robot/objects", "geometry_msgs/PoseArray", "patient", 25, "movable objects of the scene"),
    "joint_states": Channel("joint_states", JOINTS, "patient", 50, "every joint of the cart, for the camera and RViz"),
    # patient site: safety and ledger
    "permit": Channel("safety/permit", WORDS, "patient", 50, "leave to move (core.values.Permit)"),
    "remote_report": Channel("safety/remote", WORDS, "patient", 50, "what the surgeon side last said (RemoteReport)"),
    "arm_report": Channel("safety/arm", WORDS, "patient", 50, "health of arm control (ArmReport)"),
    "verdict": Channel("safety/verdict", "diagnostic_msgs/DiagnosticArray", "patient", 0, "phase, causes and the sentence", latched=True),
    "trace": Channel("teleop/trace", "std_msgs/Float64MultiArray", "patient", 25, "time a command spent in arm control and robot"),
    # patient site: pictures
    "camera_info": Channel("endoscope/{eye}/camera_info", "sensor_msgs/CameraInfo", "patient", 25, "rectified calibration, baseline in P"),
    "image_compressed": Channel("endoscope/{eye}/image_raw/compressed", PACKED, "patient", 25, "one eye as JPEG, only while subscribed"),
}

# The rest of CRTK's names; those above are there because the suite's own nodes use them.
CHANNELS.update({
    entry.key: Channel("{arm}/" + entry.name, entry.type, "patient", entry.rate, entry.what)
    for entry in FACE if entry.way is not Way.SERVICE and entry.key not in CHANNELS
})  # fmt: skip
