// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Credits, Signature} from "./Credits.sol";

/// Jobs that somebody wants on record, for a dispute or a public trace. Paying for a job needs none.
abstract contract Jobs is Credits {
    struct JobOpening {
        bytes32 specHash;
        address payer;
        uint256 salt;
        address notary;
    }

    struct Agreement {
        bytes32 jobId;
        address payer;
        address payee;
        uint128 maxPrice;
        uint128 unitPrice;
        bytes32 unit;
        uint64 start;
        uint64 deadline;
        bytes32 specHash;
        address arbiter;
        uint256 salt;
    }

    struct JobClosing {
        bytes32 jobId;
        uint8 end;
        bytes32 resultHash;
        address closer;
    }

    struct Engagement {
        address payee;
        bytes32 agreement;
    }

    struct Job {
        bytes32 specHash;
        address payer;
        uint64 opened;
        address notary;
        uint64 closed;
        /// 1 completed, 2 cancelled, 3 expired, 4 failed; 0 while the job goes on.
        uint8 end;
        address closer;
        bytes32 resultHash;
        Engagement[] engagements;
    }

    error JobUnknown();
    error JobExists();
    error JobClosed();
    error JobMismatch();
    error NotJobParty();
    error AgreementExpired();
    error TooManyAgreements();

    event JobOpened(bytes32 indexed jobId, address indexed payer, address indexed notary);
    event AgreementRecorded(
        bytes32 indexed jobId, address indexed payer, address indexed payee, bytes32 agreement
    );
    event JobEnded(bytes32 indexed jobId, address indexed closer, uint8 end, bytes32 resultHash);

    uint256 public constant AGREEMENTS_MAX = 1000;
    uint8 private constant ENDS = 4;

    bytes32 private constant OPENING =
        keccak256("JobOpening(bytes32 specHash,address payer,uint256 salt,address notary)");
    bytes32 private constant AGREEMENT = keccak256(
        "Agreement(bytes32 jobId,address payer,address payee,uint128 maxPrice,"
        "uint128 unitPrice,bytes32 unit,uint64 start,uint64 deadline,"
        "bytes32 specHash,address arbiter,uint256 salt)"
    );
    bytes32 private constant CLOSING =
        keccak256("JobClosing(bytes32 jobId,uint8 end,bytes32 resultHash,address closer)");

    mapping(bytes32 jobId => Job) private _jobs;
    mapping(bytes32 agreement => bool) private _recorded;

    /// What is known of a job; its payer is zero when it was never opened.
    function job(bytes32 jobId) external view returns (Job memory) {
        return _jobs[jobId];
    }

    /// Begins a job; false when this opening is known.
    function openJob(JobOpening calldata m, Signature calldata signature) external returns (bool) {
        bytes32 jobId = _jobId(m.specHash, m.payer, m.salt);
        Job storage j = _jobs[jobId];
        if (j.payer != address(0)) {
            if (j.notary != m.notary) revert JobExists();
            return false;
        }
        _requireSigned(m.payer, keccak256(abi.encode(OPENING, m)), signature);
        (j.specHash, j.payer, j.notary, j.opened) = (m.specHash, m.payer, m.notary, uint64(block.timestamp));
        emit JobOpened(jobId, m.payer, m.notary);
        return true;
    }

    /// Adds an agreement that both sides signed to its open job; false when it is there.
    function recordAgreement(
        Agreement calldata m,
        Signature calldata payerSignature,
        Signature calldata payeeSignature
    ) external returns (bool) {
        if (m.jobId != _jobId(m.specHash, m.payer, m.salt)) revert JobMismatch();
        Job storage j = _jobs[m.jobId];
        if (j.payer == address(0)) revert JobUnknown();
        bytes32 structHash = _hash(m);
        bytes32 digest = _hashTypedDataV4(structHash);
        if (_recorded[digest]) return false;
        if (j.end != 0) revert JobClosed();
        if (j.engagements.length >= AGREEMENTS_MAX) revert TooManyAgreements();
        if (block.timestamp > m.deadline + EXPIRY_TOLERANCE) revert AgreementExpired();
        _requireSigned(m.payer, structHash, payerSignature);
        _requireSigned(m.payee, structHash, payeeSignature);
        _recorded[digest] = true;
        j.engagements.push(Engagement(m.payee, digest));
        emit AgreementRecorded(m.jobId, m.payer, m.payee, digest);
        return true;
    }

    /// Ends a job by the word of its payer or notary; false when it ended just so.
    function closeJob(JobClosing calldata m, Signature calldata signature) external returns (bool) {
        Job storage j = _jobs[m.jobId];
        if (j.payer == address(0)) revert JobUnknown();
        if (m.closer != j.payer && m.closer != j.notary) revert NotJobParty();
        if (j.end != 0) {
            if (j.end != m.end || j.resultHash != m.resultHash) revert JobClosed();
            return false;
        }
        if (m.end == 0 || m.end > ENDS) revert JobMismatch();
        _requireSigned(m.closer, keccak256(abi.encode(CLOSING, m)), signature);
        (j.end, j.resultHash, j.closer, j.closed) = (m.end, m.resultHash, m.closer, uint64(block.timestamp));
        emit JobEnded(m.jobId, m.closer, m.end, m.resultHash);
        return true;
    }

    /// Whether an agreement with this digest, which is its own, is on record.
    function _isRecorded(Agreement calldata m, bytes32 digest) internal view returns (bool) {
        return _recorded[digest] && digest == _hashTypedDataV4(_hash(m));
    }

    function _hash(Agreement calldata m) private pure returns (bytes32) {
        return keccak256(abi.encode(AGREEMENT, m));
    }

    /// Nobody can take the id of another payer's job.
    function _jobId(bytes32 specHash, address payer, uint256 salt) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(specHash, payer, salt));
    }
}
