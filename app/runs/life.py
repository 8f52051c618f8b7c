"""The life of a run: queued → starting → running ⇄ paused → ended. The rest of the server uses runs through this module."""

from app.executors.base import Executor
from app.hub.hub import Hub
from app.planner.planner import Planner
from app.runs.asking import Asking
from app.runs.controlling import Controlling
from app.runs.ending import Ending, Patience
from app.runs.folders import Folders
from app.runs.listening import Listening
from app.runs.many import Many
from app.runs.registry import Registry
from app.runs.slots import Slots
from app.runs.starting import Starting
from app.runs.tasks import Tasks
from app.settings import Settings
from app.store.database import Store


class Runs:
    """One object for all operations of the parts. A part calls only parts that are made before it.

    The only callback is that of a slot: when a slot is free, it launches the run that waited for it.
    """

    def __init__(
        self, settings: Settings, store: Store, hub: Hub, planner: Planner, executor: Executor, patience: Patience | None = None
    ) -> None:
        tasks, folders = Tasks(), Folders(settings.data)
        self.registry = registry = Registry(store, hub)
        slots = Slots(settings, executor, registry.active, lambda run: tasks.spawn(starting.launch(run)))
        ending = Ending(store, registry, slots, executor, folders, tasks, patience or Patience())
        controlling = Controlling(settings, store, registry, slots, planner, executor, ending)
        listening = Listening(store, registry, executor, folders, tasks, controlling, ending)
        starting = Starting(settings, store, registry, slots, executor, folders, tasks, listening, ending)
        asking = Asking(store, hub, registry, slots, planner, folders, controlling, ending)
        many = Many(store, hub, registry, folders, controlling, ending, asking)

        # requests from users, studies and experiments
        self.create, self.of_study = asking.create, asking.of_study
        self.fork, self.resume, self.checkpoints = asking.fork, asking.resume, asking.checkpoints
        self.change, self.delete, self.remove_ended = asking.change, asking.delete, asking.remove_ended
        self.control, self.stop = controlling.control, controlling.stop
        self.stop_many, self.delete_many = many.stop, many.delete
        self.record, self.freshened, self.that_use = registry.record, registry.freshened, registry.that_use
        self.wait, self.until_ended = registry.wait, registry.until_ended
        self.slots = slots.state

        # messages from a trainer's socket
        self.by_token, self.stored_seq = listening.by_token, listening.stored_seq
        self.connected, self.disconnected, self.observe = listening.connected, listening.disconnected, listening.observe

        # the start and the end of the server
        self.recover, self.close = starting.recover, ending.all
