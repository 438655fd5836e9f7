// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "./Credits.sol";
import {Deposits} from "./Deposits.sol";
import {Jobs} from "./Jobs.sol";

/// Disputes over agreements that are on record, each judged once by the arbiter that both sides named.
///
/// While a dispute runs, as much of the payer's deposit as the agreement can cost is locked for the payee.
/// A verdict is a voucher in the payer's place; without one in time, what vouchers paid stands.
abstract contract Disputes is Deposits, Jobs {
    struct Dispute {
        bytes32 agreement;
        address plaintiff;
        bytes32 evidence;
    }

    struct Verdict {
        bytes32 agreement;
        uint128 cumulative;
        address arbiter;
    }

    struct Case {
        /// Zero where there is no dispute.
        address plaintiff;
        /// Until when the arbiter can judge.
        uint64 ends;
        bool judged;
        bytes32 evidence;
        /// What the verdict moved.
        uint128 awarded;
    }

    error AgreementUnknown();
    error NotAgreementParty();
    error NotArbiter();
    error DisputeUnknown();
    error DisputeOver();
    error VerdictTooHigh();

    event Disputed(
        bytes32 indexed agreement, address indexed plaintiff, bytes32 evidence, uint64 ends, uint128 locked
    );
    event Judged(
        bytes32 indexed agreement, address indexed payer, address indexed payee, uint128 amount, uint128 cumulative
    );

    bytes32 private constant DISPUTE =
        keccak256("Dispute(bytes32 agreement,address plaintiff,bytes32 evidence)");
    bytes32 private constant VERDICT = keccak256("Verdict(bytes32 agreement,uint128 cumulative,address arbiter)");

    /// How long an arbiter has.
    uint64 public immutable disputeWindow;

    mapping(bytes32 agreement => Case) public cases;

    constructor(uint64 disputeWindow_) {
        disputeWindow = disputeWindow_;
    }

    /// Opens a dispute over an agreement; false when it is disputed already.
    function dispute(Agreement calldata agreement, Dispute calldata m, Signature calldata signature)
        external
        returns (bool)
    {
        _requireRecorded(agreement, m.agreement);
        if (m.plaintiff != agreement.payer && m.plaintiff != agreement.payee) revert NotAgreementParty();
        if (agreement.arbiter == address(0)) revert NotArbiter();
        Case storage c = cases[m.agreement];
        if (c.plaintiff != address(0)) return false;
        _requireSigned(m.plaintiff, keccak256(abi.encode(DISPUTE, m)), signature);
        uint64 ends = uint64(block.timestamp) + disputeWindow;
        (c.plaintiff, c.ends, c.evidence) = (m.plaintiff, ends, m.evidence);
        uint128 locked = _keep(agreement.payer, agreement.payee, agreement.maxPrice, ends);
        emit Disputed(m.agreement, m.plaintiff, m.evidence, ends, locked);
        return true;
    }

    /// Ends a dispute by what its arbiter says is owed in all; false when this verdict is known.
    function judge(Agreement calldata agreement, Verdict calldata m, Signature calldata signature)
        external
        returns (bool)
    {
        _requireRecorded(agreement, m.agreement);
        if (m.arbiter == address(0) || m.arbiter != agreement.arbiter) revert NotArbiter();
        Case storage c = cases[m.agreement];
        if (c.plaintiff == address(0)) revert DisputeUnknown();
        uint128 redeemed = pairs[agreement.payer][agreement.payee].redeemed;
        uint128 sum = m.cumulative > redeemed ? m.cumulative : redeemed;
        uint128 due = sum - redeemed;
        if (c.judged) {
            if (due != 0) revert DisputeOver();
            return false;
        }
        if (due > agreement.maxPrice) revert VerdictTooHigh();
        if (due != 0) _pay(agreement.payer, agreement.payee, due, sum);
        if (block.timestamp > c.ends + EXPIRY_TOLERANCE) revert DisputeOver();
        _requireSigned(m.arbiter, keccak256(abi.encode(VERDICT, m)), signature);
        (c.judged, c.awarded) = (true, due);
        emit Judged(m.agreement, agreement.payer, agreement.payee, due, sum);
        return true;
    }

    function _requireRecorded(Agreement calldata agreement, bytes32 digest) private view {
        if (!_isRecorded(agreement, digest)) revert AgreementUnknown();
    }
}
