// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "../src/Credits.sol";
import {Jobs} from "../src/Jobs.sol";
import {Rewards} from "../src/Rewards.sol";
import {Signing} from "./Signing.sol";
import {vm} from "./Vm.sol";

/// Calls the ledger as forge pleases, with signatures that are good.
contract Caller is Signing {
    uint256[4] private _keys = [ISSUER, ALICE, BOB, CAROL];
    uint64 private _epoch;
    uint256 private _jobs;

    /// Three validators and a pool, so that chance finds something to reward and to slash.
    constructor() {
        for (uint256 i = 1; i < _keys.length; i++) {
            _issue(_keys[i], 1000);
            _stake(_keys[i], STAKE_MIN);
        }
        _issue(ISSUER, 1000);
        _fund(ISSUER, 1000);
    }

    function issue(uint8 who, uint64 amount) external {
        _issue(_key(who), ledger.issued(_account(who)) + amount);
    }

    function deposit(uint8 who, uint64 amount) external {
        (,, uint128 deposited,,) = ledger.purses(_account(who));
        _deposit(_key(who), deposited + uint128(amount % (ledger.balanceOf(_account(who)) + 1)));
    }

    function redeem(uint8 payer, uint8 payee, uint64 amount) external {
        (uint128 redeemed,,) = ledger.pairs(_account(payer), _account(payee));
        (uint128 balance,,,,) = ledger.purses(_account(payer));
        _redeem(_key(payer), _key(payee), redeemed + uint128(amount % (uint256(balance) + 1)));
    }

    function lock(uint8 payer, uint8 payee, uint64 amount, uint16 time) external {
        (uint128 balance,,,,) = ledger.purses(_account(payer));
        uint128 part = uint128(amount % (uint256(balance) + 1));
        _lock(_key(payer), _key(payee), part, uint64(block.timestamp) + time);
    }

    function unlock(uint8 payer, uint8 payee) external {
        ledger.unlock(_account(payer), _account(payee));
    }

    function notice(uint8 who, uint64 amount) external {
        _notice(_key(who), amount);
    }

    function withdraw(uint8 who) external {
        ledger.withdraw(_account(who));
    }

    function stake(uint8 who, uint64 amount) external {
        _stake(_key(who), _collateral(_account(who)).staked + uint128(amount % (ledger.balanceOf(_account(who)) + 1)));
    }

    function noticeUnstake(uint8 who, uint64 amount) external {
        _noticeUnstake(_key(who), amount);
    }

    function unstake(uint8 who) external {
        ledger.unstake(_account(who));
    }

    function fund(uint8 who, uint64 amount) external {
        uint128 part = uint128(amount % (ledger.balanceOf(_account(who)) + 1));
        _fund(_key(who), ledger.funded(_account(who)) + part);
    }

    /// A root of one leaf, signed by all; whether enough are left is up to chance.
    function reward(uint64 amount) external {
        (uint128 pool, uint128 claimed) = _rewards();
        uint128 total = claimed + amount % (pool + 1);
        address earner = vm.addr(ISSUER);
        Rewards.RewardRoot memory m = Rewards.RewardRoot(++_epoch, _leaf(earner, total), total, 0);
        ledger.postRoot(m, _signByAll(m));
        vm.warp(block.timestamp + ACTIVATION);
        ledger.claim(earner, total, new bytes32[](0));
    }

    function _signByAll(Rewards.RewardRoot memory m) private view returns (Signature[] memory signatures) {
        (address[] memory accounts,) = ledger.validators(0, 4);
        signatures = new Signature[](accounts.length);
        address last;
        for (uint256 i = 0; i < accounts.length; i++) {
            address next = address(type(uint160).max);
            for (uint256 j = 0; j < accounts.length; j++) {
                if (accounts[j] > last && accounts[j] < next) next = accounts[j];
            }
            for (uint256 j = 0; j < _keys.length; j++) {
                if (vm.addr(_keys[j]) == next) signatures[i] = _signRoot(_keys[j], m);
            }
            last = next;
        }
    }

    function slash(uint8 who) external {
        Rewards.RewardRoot memory one = Rewards.RewardRoot(1, "one", 1, 0);
        Rewards.RewardRoot memory other = Rewards.RewardRoot(1, "other", 1, 0);
        // Seldom, since it is for good.
        if (who % 64 >= 4) return;
        (Signature memory a, Signature memory b) = (_signRoot(_key(who), one), _signRoot(_key(who), other));
        ledger.slash(_account(who), address(this), one, a, other, b);
    }

    /// An agreement that is disputed at once and judged some time after.
    function dispute(uint8 payer, uint8 payee, uint64 price, uint64 awarded, uint32 time) external {
        Jobs.Agreement memory a = _agreement(_key(payer), _key(payee), price, ++_jobs);
        _record(_key(payer), _key(payee), a);
        _dispute(_key(payee), a);
        vm.warp(block.timestamp + time % 5 days);
        (uint128 redeemed,,) = ledger.pairs(_account(payer), _account(payee));
        _judge(a, redeemed + awarded % (price + 1));
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + time % 2 days);
    }

    /// Deposits, collateral and pool, which the contract holds; and that locks are covered.
    function setAside() external view returns (uint256 sum) {
        (sum,) = _rewards();
        for (uint8 i = 0; i < 4; i++) {
            (uint128 balance, uint128 locked,,,) = ledger.purses(_account(i));
            uint256 locks;
            for (uint8 j = 0; j < 4; j++) {
                (, uint128 pairLocked,) = ledger.pairs(_account(i), _account(j));
                locks += pairLocked;
            }
            require(locked == locks && locked <= balance, "locks are covered");
            sum += uint256(balance) + _collateral(_account(i)).held;
        }
    }

    function everything() external view returns (uint256 kept, uint256 supply, uint256 sum) {
        kept = ledger.balanceOf(address(ledger));
        supply = ledger.totalSupply();
        sum = kept + ledger.balanceOf(address(this));
        for (uint8 i = 0; i < 4; i++) {
            sum += ledger.balanceOf(_account(i));
        }
    }

    function _key(uint8 who) private view returns (uint256) {
        return _keys[who % 4];
    }

    function _account(uint8 who) private view returns (address) {
        return vm.addr(_key(who));
    }
}

/// Credits + deposits + collateral + reward pool = issued - burned, whatever is called.
contract ConservationTest {
    Caller private _caller;

    function setUp() external {
        _caller = new Caller();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_caller);
    }

    function invariant_what_the_contract_holds_is_what_was_set_aside() external view {
        (uint256 kept,,) = _caller.everything();
        require(kept == _caller.setAside(), "held = deposits + collateral + pool");
    }

    function invariant_no_credit_is_anywhere_else() external view {
        (, uint256 supply, uint256 sum) = _caller.everything();
        require(supply == sum, "supply = all accounts");
    }
}
