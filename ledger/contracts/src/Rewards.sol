// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Signature} from "./Credits.sol";
import {Validators} from "./Validators.sol";

/// Rewards beside the vouchers: a pool, and one Merkle root of what each account has earned in all.
///
/// More than two thirds of the validators sign a root. It counts after a delay in which it can be
/// cancelled. A root names the sum of its leaves, which the pool must hold, apart from all deposits and
/// collateral. A validator signs one root for an epoch, ever; two are proof against it.
abstract contract Rewards is Validators {
    struct Funding {
        address funder;
        uint128 cumulative;
    }

    struct RewardRoot {
        uint64 epoch;
        bytes32 root;
        /// The sum of all leaves.
        uint128 total;
        /// Of the list of leaves, by which it is found.
        bytes32 leavesHash;
    }

    struct Root {
        bytes32 root;
        bytes32 leavesHash;
        uint128 total;
        uint64 epoch;
        /// Zero where there is none, whatever the rest says.
        uint64 activeFrom;
    }

    error RewardPoolExceeded();
    error RewardsShrink();
    error RewardsExceedTotal();
    error EpochPassed();
    error RootPending();
    error RootUnknown();
    error RootActive();
    error InvalidProof();
    error NoEquivocation();
    error TooFewValidators();

    event Funded(address indexed funder, uint128 amount, uint128 cumulative);
    event RootPosted(uint64 indexed epoch, bytes32 root, uint128 total, bytes32 leavesHash, uint64 activeFrom);
    event RootCancelled(uint64 indexed epoch);
    event Claimed(address indexed account, uint128 amount, uint128 cumulative);

    bytes32 private constant FUNDING = keccak256("Funding(address funder,uint128 cumulative)");
    bytes32 private constant REWARD_ROOT =
        keccak256("RewardRoot(uint64 epoch,bytes32 root,uint128 total,bytes32 leavesHash)");
    bytes32 private constant ROOT_CANCEL = keccak256("RootCancel(uint64 epoch)");

    /// May cancel a root by itself; zero for nobody.
    address public immutable guardian;

    /// How long a root waits before it counts.
    uint64 public immutable activationDelay;

    /// The fewest validators that post roots.
    uint64 public immutable validatorsMin;

    /// What the pool holds for claims.
    uint128 private _pool;

    /// All that was ever claimed.
    uint128 private _claimedTotal;

    /// Of the last root that was posted, cancelled or not.
    uint64 private _lastEpoch;

    /// Which of the two roots is the last that was posted; the other is the one before.
    uint8 private _last;

    Root[2] private _roots;

    mapping(address funder => uint128) public funded;
    mapping(address account => uint128) public claimed;

    /// Besides its terms, writes the words that roots will be written over: a word that is not zero
    /// costs a quarter to change. No root begins before its activeFrom, and no leaf hashes to these.
    constructor(address guardian_, uint64 activationDelay_, uint64 validatorsMin_) {
        guardian = guardian_;
        activationDelay = activationDelay_;
        validatorsMin = validatorsMin_;
        _last = 1;
        for (uint256 i = 0; i < _roots.length; i++) {
            _roots[i] = Root(bytes32(uint256(1)), bytes32(uint256(1)), 0, 1, 0);
        }
    }

    /// The root that claims are proven against.
    function _active() private view returns (Root storage) {
        return _roots[_lastCounts() ? _last : 1 - _last];
    }

    /// How the rewards stand, in one answer.
    function rewards()
        external
        view
        returns (uint128 pool, uint128 claimedInAll, uint64 epoch, Root memory active, Root memory pending)
    {
        (pool, claimedInAll, epoch, active) = (_pool, _claimedTotal, _lastEpoch, _active());
        if (!_lastCounts()) pending = _roots[_last];
    }

    /// Moves credits into the pool up to a sum since the beginning; false when they were before.
    function fund(Funding calldata m, Signature calldata signature) external returns (bool) {
        uint128 before = funded[m.funder];
        if (m.cumulative <= before) return false;
        uint128 amount = m.cumulative - before;
        _setAside(m.funder, amount);
        _requireSigned(m.funder, keccak256(abi.encode(FUNDING, m)), signature);
        funded[m.funder] = m.cumulative;
        _pool += amount;
        emit Funded(m.funder, amount, m.cumulative);
        return true;
    }

    /// Begins the delay of an epoch's root; false when it is the last that was posted.
    function postRoot(RewardRoot calldata m, Signature[] calldata signatures) external returns (bool) {
        uint8 place = _last;
        Root storage last = _roots[place];
        uint64 since = last.activeFrom;
        uint128 before;
        if (since != 0) {
            if (_isSame(m, last)) return false;
            if (block.timestamp < since) revert RootPending();
            // It stays, for claims; the one before it makes room.
            before = last.total;
            place = 1 - place;
        } else {
            before = _roots[1 - place].total;
        }
        if (m.epoch <= _lastEpoch) revert EpochPassed();
        if (m.total < before) revert RewardsShrink();
        if (m.total - _claimedTotal > _pool) revert RewardPoolExceeded();
        if (validatorCount() < validatorsMin) revert TooFewValidators();
        _requireValidators(_quorum(), _hash(m), signatures);
        uint64 activeFrom = uint64(block.timestamp) + activationDelay;
        (_lastEpoch, _last) = (m.epoch, place);
        _roots[place] = Root(m.root, m.leavesHash, m.total, m.epoch, activeFrom);
        emit RootPosted(m.epoch, m.root, m.total, m.leavesHash, activeFrom);
        return true;
    }

    /// Takes back a root that waits: by the guardian, or by as many validators as could have prevented it.
    function cancelRoot(uint64 epoch, Signature[] calldata signatures) external returns (bool) {
        Root storage last = _roots[_last];
        if (last.activeFrom == 0 || last.epoch != epoch) revert RootUnknown();
        if (_lastCounts()) revert RootActive();
        if (msg.sender != guardian || guardian == address(0)) {
            uint256 blocking = validatorCount() + 1 - _quorum();
            _requireValidators(blocking == 0 ? 1 : blocking, keccak256(abi.encode(ROOT_CANCEL, epoch)), signatures);
        }
        last.activeFrom = 0;
        emit RootCancelled(epoch);
        return true;
    }

    /// Pays an account what it has earned in all less what it has claimed before.
    function claim(address account, uint128 total, bytes32[] calldata proof) external returns (uint128 due) {
        uint128 before = claimed[account];
        if (total <= before) return 0;
        due = total - before;
        Root storage root = _active();
        // Hashed twice, so that no inner node of the tree can pass for a leaf.
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(account, total))));
        if (!MerkleProof.verifyCalldata(proof, root.root, leaf)) revert InvalidProof();
        if (_claimedTotal + due > root.total) revert RewardsExceedTotal();
        claimed[account] = total;
        _claimedTotal += due;
        _pool -= due;
        _release(account, due);
        emit Claimed(account, due, total);
    }

    /// Punishes a validator that signed two roots for one epoch. Whoever proves it gets a share.
    function slash(
        address validator,
        address reporter,
        RewardRoot calldata one,
        Signature calldata oneSignature,
        RewardRoot calldata other,
        Signature calldata otherSignature
    ) external returns (bool) {
        bytes32 oneHash = _hash(one);
        bytes32 otherHash = _hash(other);
        if (one.epoch != other.epoch || oneHash == otherHash) revert NoEquivocation();
        _requireSigned(validator, oneHash, oneSignature);
        _requireSigned(validator, otherHash, otherSignature);
        _slash(validator, reporter);
        return true;
    }

    function _hash(RewardRoot calldata m) private pure returns (bytes32) {
        return keccak256(abi.encode(REWARD_ROOT, m));
    }

    function _lastCounts() private view returns (bool) {
        uint64 since = _roots[_last].activeFrom;
        return since != 0 && block.timestamp >= since;
    }

    function _isSame(RewardRoot calldata m, Root storage root) private view returns (bool) {
        return m.epoch == root.epoch && m.root == root.root && m.total == root.total
            && m.leavesHash == root.leavesHash;
    }
}
