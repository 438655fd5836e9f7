// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Credits} from "./Credits.sol";
import {Deposits} from "./Deposits.sol";
import {Disputes} from "./Disputes.sol";
import {Rewards} from "./Rewards.sol";
import {Validators} from "./Validators.sol";

/// What is fixed when the ledger is deployed; nothing can be set later, by anyone.
struct Terms {
    address issuer;
    address guardian;
    uint128 stakeMin;
    uint64 validatorsMin;
    uint64 withdrawalNotice;
    uint64 unstakeDelay;
    uint64 activationDelay;
    uint64 disputeWindow;
}

/// The ledger of a network on a chain: who owes whom, who validates, who has earned what.
///
/// Always: credits of all accounts + deposits + collateral + reward pool = issued - burned.
contract TensorlinkLedger is Disputes, Rewards {
    constructor(Terms memory terms)
        Credits(terms.issuer)
        Deposits(terms.withdrawalNotice)
        Disputes(terms.disputeWindow)
        Validators(terms.stakeMin, terms.unstakeDelay)
        Rewards(terms.guardian, terms.activationDelay, terms.validatorsMin)
    {}
}
