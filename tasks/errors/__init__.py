"""All errors that the package raises itself.

RetailError
    Transient                   a retry may succeed: Prefect retries the task
        ConnectionInterrupted   the database refused, reset or dropped a connection
        WarehouseBusy           a lock timeout, a deadlock or a serialization failure
        DeliveryChanged         a file changed between two reads of the same run
        ChannelUnreachable      an alert channel does not respond (also an AlertNotDelivered)
        AlertStoreUnreachable   the store of open alerts cannot be read or written
        VaultUnreachable        the vault of the backups gives no answer
    Terminal                    a retry cannot succeed: never retried
        SettingsError           a setting is invalid (exit code 2)
            FeedConflict        the run's settings differ from those of the feed
            UntrustedPath       another user can change a folder or file of ours
        DeliveryError           one delivery cannot be loaded; the others are
            DeliveryMissing, DeliveryEmpty, DeliveryUnfinished, UnknownHeader, DeliveryUnreadable,
            DeliveryTooLarge, ReadingUnclear, MissingWordsUnclear, ReplacementRefused, BytesOfOtherFeed,
            LedgerChanged,
            DeliveryRejected
        StepTimedOut            a step of a run passed its own time limit
        ContractBroken          a rule of the contract raised an error
        WorkspaceFull           the workspace is full or not writable
        OutputDamaged           a part of an output is not what was written
        WarehouseError          the database rejected a statement or the connection
            WarehouseUnreachable, WrongPassword, DatabaseMissing, CertificateRefused,
            TlsRefused, ClearTextPasswordRefused, ReadOnlyWarehouse, RightsMissing, DataRejected
        BackupError             a backup cannot be made, read or restored
            BackupFailed, BackupMissing, BackupDamaged, BackupUnproven, WrongIdentity,
            RestoreRefused, RestoreFailed, ScratchServerFailed
        ToolMissing             no pg_dump or pg_restore on this machine fits the server
        VaultError              the vault refuses a read or a write
            ObjectMissing       it has no object of that name
        ChannelRefused          an alert channel rejected the alert (also an AlertNotDelivered)
        PrefectUnreachable      the Prefect API does not respond
        EmbeddedServerError     the embedded Postgres cannot be started or stopped
        ProblemsFound           the doctor or the watch found a problem
        PreflightFailed         the doctor's checks stopped a run at its start
        RunFailed               raised at the end of a run, after all other deliveries are loaded
            DeliveriesFailed    (exit code 1)
            QualityBelowThreshold (exit code 3)

Errors carry their data as attributes: ``what`` happened, the ``next_step``, and the ids of the objects concerned
(``delivery``, ``warehouse``, ``channel`` ...). The message is composed from them::

    >>> str(DeliveryEmpty("it has a header but no rows.", "Have it delivered again.", delivery="till.csv"))
    'till.csv: it has a header but no rows. Have it delivered again.'

Messages never contain passwords.
"""

from __future__ import annotations

from tasks.errors.backups import (
    BackupDamaged,
    BackupError,
    BackupFailed,
    BackupMissing,
    BackupUnproven,
    ObjectMissing,
    RestoreFailed,
    RestoreRefused,
    ScratchServerFailed,
    ToolMissing,
    VaultError,
    VaultUnreachable,
    WrongIdentity,
)
from tasks.errors.deliveries import (
    BytesOfOtherFeed,
    ContractBroken,
    DeliveryChanged,
    DeliveryEmpty,
    DeliveryError,
    DeliveryMissing,
    DeliveryRejected,
    DeliveryTooLarge,
    DeliveryUnfinished,
    DeliveryUnreadable,
    LedgerChanged,
    MissingWordsUnclear,
    ReadingUnclear,
    ReplacementRefused,
    UnknownHeader,
)
from tasks.errors.postgres import (
    CertificateRefused,
    ClearTextPasswordRefused,
    ConnectionInterrupted,
    DatabaseMissing,
    DataRejected,
    EmbeddedServerError,
    ReadOnlyWarehouse,
    RightsMissing,
    TlsRefused,
    WarehouseBusy,
    WarehouseError,
    WarehouseUnreachable,
    WrongPassword,
)
from tasks.errors.root import (
    RetailError,
    Terminal,
    Transient,
)
from tasks.errors.runs import (
    AlertNotDelivered,
    AlertStoreUnreachable,
    ChannelRefused,
    ChannelUnreachable,
    DeliveriesFailed,
    FeedConflict,
    OutputDamaged,
    PrefectUnreachable,
    PreflightFailed,
    ProblemsFound,
    QualityBelowThreshold,
    RunFailed,
    SettingsError,
    StepTimedOut,
    UntrustedPath,
    WorkspaceFull,
)

__all__ = [
    "AlertNotDelivered",
    "AlertStoreUnreachable",
    "BackupDamaged",
    "BackupError",
    "BackupFailed",
    "BackupMissing",
    "BackupUnproven",
    "BytesOfOtherFeed",
    "CertificateRefused",
    "ChannelRefused",
    "ChannelUnreachable",
    "ClearTextPasswordRefused",
    "ConnectionInterrupted",
    "ContractBroken",
    "DataRejected",
    "DatabaseMissing",
    "DeliveriesFailed",
    "DeliveryChanged",
    "DeliveryEmpty",
    "DeliveryError",
    "DeliveryMissing",
    "DeliveryRejected",
    "DeliveryTooLarge",
    "DeliveryUnfinished",
    "DeliveryUnreadable",
    "EmbeddedServerError",
    "FeedConflict",
    "LedgerChanged",
    "MissingWordsUnclear",
    "ObjectMissing",
    "OutputDamaged",
    "PrefectUnreachable",
    "PreflightFailed",
    "ProblemsFound",
    "QualityBelowThreshold",
    "ReadOnlyWarehouse",
    "ReadingUnclear",
    "ReplacementRefused",
    "RestoreFailed",
    "RestoreRefused",
    "RetailError",
    "RightsMissing",
    "RunFailed",
    "ScratchServerFailed",
    "SettingsError",
    "StepTimedOut",
    "Terminal",
    "TlsRefused",
    "ToolMissing",
    "Transient",
    "UnknownHeader",
    "UntrustedPath",
    "VaultError",
    "VaultUnreachable",
    "WarehouseBusy",
    "WarehouseError",
    "WarehouseUnreachable",
    "WorkspaceFull",
    "WrongIdentity",
    "WrongPassword",
]
