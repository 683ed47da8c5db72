"""CRTK's services of one arm, where crtk_msgs is installed. They compute and tell; none of them moves anything."""

from __future__ import annotations

import math
from typing import Any

from ..core.arm.courses import reach
from ..core.arm.face import CRTK_VERSION, FACE, Way, Who
from ..core.arm.moves import Refusal
from ..core.kinematics.frames import IDENTITY, Frame, compose, frame_of, inverse, quaternion
from ..errors import KinematicsError
from ..ros.crtk import service_class
from ..ros.messages import pose_of_msg


class ArmServices:
    """Forward and inverse kinematics in the view and the RCM frame, the state, the version."""

    def __init__(self, face: Any) -> None:
        """``face``: the arm's ArmCrtk."""
        self._face, self._controller = face, face.controller
        for entry in FACE:
            if entry.way is Way.SERVICE and (entry.who is Who.EVERY or self._controller.follower is not None):
                local = entry.name.startswith("local/")
                call = getattr(self, "_" + entry.name.rpartition("/")[2])
                face.node.create_service(service_class(entry.type), f"{face.arm}/{entry.name}", self._bound(call, local))

    @staticmethod
    def _bound(call: Any, local: bool) -> Any:
        return lambda request, response: call(request, response, local)

    def _view(self, local: bool) -> Frame | None:
        return IDENTITY if local else self._face.view

    def _forward_kinematics(self, request: Any, response: Any, local: bool) -> Any:
        q, view = tuple(request.jp), self._view(local)
        if len(q) != len(self._controller.config.home) or not all(map(math.isfinite, q)):
            return _failed(response, Refusal.NOT_NUMBERS)
        if view is None:
            return _failed(response, Refusal.NO_VIEW)
        frame = compose(inverse(view), self._controller.kinematics.forward(q))
        response.cp.position.x, response.cp.position.y, response.cp.position.z = frame.p
        turn = response.cp.orientation
        turn.w, turn.x, turn.y, turn.z = quaternion(frame.r)
        response.result = True
        return response

    def _inverse_kinematics(self, request: Any, response: Any, local: bool) -> Any:
        controller, view = self._controller, self._view(local)
        near = tuple(request.jp) if len(request.jp) else controller.setpoint or controller.config.home
        if len(near) != len(controller.config.home) or not all(map(math.isfinite, near)):
            return _failed(response, Refusal.NOT_NUMBERS)
        if view is None:
            return _failed(response, Refusal.NO_VIEW)
        try:
            goal = compose(view, frame_of(pose_of_msg(request.cp)))
        except KinematicsError:
            return _failed(response, Refusal.NOT_NUMBERS)
        found = reach(controller.follower.follow, controller.kinematics.forward, goal, near)
        if found is None:
            return _failed(response, Refusal.UNREACHABLE)
        response.jp, response.result = list(found), True
        return response

    def _operating_state(self, _request: Any, response: Any, _local: bool) -> Any:
        response.operating_state = self._face.state_msg()
        return response

    @staticmethod
    def _crtk_version(_request: Any, response: Any, _local: bool) -> Any:
        response.success, response.message = True, CRTK_VERSION
        return response


def _failed(response: Any, why: Refusal) -> Any:
    response.result, response.message = False, why.value
    return response
