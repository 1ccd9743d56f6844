(* D23b. ... in whole items.

   Safe CWMP keeps theta p(T, l) in every layer within the budget, and if the whole reserves fit, OPT_safe - p(S)
   <= phi p_s + sum over starved layers of lambda c_r - p_r, r a reserve's last item.

   Assumes: 0 <= theta <= 1. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Sorted Permutation.
From CWMP Require Import D23a.
From CWMP Require Import SafeSelector Relaxation Groups Order.
From CWMP Require Feasible D10.
Import ListNotations.
Open Scope R_scope.

(* theta is num/den; S is what Safe CWMP keeps, by any of its roundings, and lam the price p_s/c_s of the first item that
   does not fit beside the reserves, 0 where all do. *)
Section Words.
Variables (I : instance R) (layer : nat -> nat) (layers : nat) (num den : R).
Definition lam : R := match safe_critical reals I layer layers num den with Some s => density I s | None => 0 end.
(* What the last item of a layer's reserve costs beyond its score, if the layer is starved: if the price is higher. *)
Definition overshoot (l : nat) : R :=
  match rev (reserve reals I layer num den l) with r :: _ => Rmax 0 (lam * c I r - p I r) | [] => 0 end.
End Words.

Definition claim : Prop := forall I layer layers num den, valid I -> 0 <= num <= den -> 0 < den ->
  (forall i, In i (indices I) -> (layer i < layers)%nat) ->
  let fits_and_safe S := Feasible.fits I S /\ safe I layer layers (num / den) (kept S) in
  let S := safe_prefix reals I layer layers num den in
  fits_and_safe S /\ fits_and_safe (safe_fill reals I layer layers num den) /\
  fits_and_safe (safe_best_of reals I layer layers num den) /\
  (sum (c I) (reserves reals I layer layers num den) <= B I ->
   let price := lam I layer layers num den in let left := B I - spend I (kept S) in
   let loss := price * left + sum (overshoot I layer layers num den) (seq 0 layers) in
   (* phi p_s, and phi is less than 1 *)
   match safe_critical reals I layer layers num den with
   | Some s => exists phi, 0 <= phi < 1 /\ price * left = phi * p I s
   | None => price = 0
   end /\
   (* where that costs anything, the layer holds its reserve alone *)
   (forall l i, 0 < overshoot I layer layers num den l -> In i S -> layer i = l -> In i (reserve reals I layer num den l)) /\
   forall m, mask I m -> spend I m <= B I -> safe I layer layers (num / den) m ->
     value I m - value I (kept S) <= loss /\
     value I m - value I (kept (safe_fill reals I layer layers num den)) <= loss /\
     value I m - value I (kept (safe_best_of reals I layer layers num den)) <= loss).

Section Reach.
Variables (I : instance R) (den : R).
Notation reaching := (reaching reals I den).

Lemma reaching_begins l : forall need, exists rest, l = reaching need l ++ rest.
Proof.
  induction l as [|i l IH]; intros need; cbn; [now exists []|]. destruct Rle_dec; [now exists (i :: l)|].
  destruct (IH (need - den * p I i)) as [rest E]. exists rest. cbn. now rewrite <- E.
Qed.

Lemma reaching_enough l : forall need, need <= den * sum (p I) l -> need <= den * sum (p I) (reaching need l).
Proof.
  induction l as [|i l IH]; intros need H; cbn in *; [exact H|]. destruct Rle_dec; cbn; [lra|].
  specialize (IH (need - den * p I i)). cbn in IH. rewrite Rmult_plus_distr_l in *. lra.
Qed.

(* Without the last item it would not be enough. *)
Lemma reaching_last l : forall need x r, reaching need l = x ++ [r] -> den * sum (p I) x < need.
Proof.
  induction l as [|i l IH]; intros need x r E; cbn in E; [destruct x; discriminate|].
  destruct Rle_dec as [N|N]; [destruct x; discriminate|]. destruct x as [|j x]; injection E as <- E; cbn; [lra|].
  specialize (IH _ x r E). cbn in IH. rewrite Rmult_plus_distr_l. lra.
Qed.
End Reach.

Lemma nodup_app (a b : list nat) : NoDup a -> NoDup b -> (forall x, In x a -> ~ In x b) -> NoDup (a ++ b).
Proof.
  intros Na Nb D. induction Na as [|x a Nx Na IHa]; cbn; [exact Nb|]. constructor.
  - intros L. apply in_app_or in L as [L|L]; [tauto|]. apply (D x); [now left|exact L].
  - apply IHa. intros y Ly. apply D. now right.
Qed.

Lemma nodup_begin (a b : list nat) : NoDup (a ++ b) -> NoDup a.
Proof. induction a as [|x a IH]; cbn; intros N; [constructor|]. apply NoDup_cons_iff in N as [F N]. constructor; [|auto].
  intros L. apply F, in_or_app. now left. Qed.

(* Items layer by layer: a list a layer, of items of that layer. *)
Section ByLayer.
Variables (layer : nat -> nat) (part : nat -> list nat).
Hypothesis Own : forall l i, In i (part l) -> layer i = l.
Hypothesis Once : forall l, NoDup (part l).

Lemma parts_nodup L : NoDup L -> NoDup (flat_map part L).
Proof.
  induction 1 as [|l L N Nd IH]; cbn; [constructor|]. apply nodup_app; [apply Once|exact IH|].
  intros i A K. apply in_flat_map in K as (k & K & Ki). apply Own in A, Ki. subst. tauto.
Qed.
Lemma parts_sum f L : sum f (flat_map part L) = sum (fun l => sum f (part l)) L.
Proof. induction L as [|l L IH]; cbn; [auto|]. rewrite sum_app, IH. reflexivity. Qed.
Lemma parts_in L i : In (layer i) L -> In i (flat_map part L) <-> In i (part (layer i)).
Proof.
  intros H. rewrite in_flat_map. split; [intros (l & _ & K); now rewrite (Own l i K)|]. intros K. now exists (layer i).
Qed.
End ByLayer.

Section Proof.
Variables (I : instance R) (layer : nat -> nat) (layers : nat) (num den : R).
Hypothesis V : valid I.
Hypothesis H : 0 <= num <= den.
Hypothesis D : 0 < den.
Hypothesis Lay : forall i, In i (indices I) -> (layer i < layers)%nat.
Let order := by_density reals I.
Let T := top_k reals I.
Notation top_of := (top_of reals I layer).
Notation reserve := (reserve reals I layer num den).
Notation reserves := (reserves reals I layer layers num den).
Notation cheaper := (cheaper reals I layer num den).
Notation first := (kept_first reals I layer layers num den).
Notation others := (others reals I layer layers num den).
Notation room := (left_over reals I layer layers num den).
Let theta := num / den.

Lemma order_item i : In i order <-> In i (eligible reals I).
Proof. apply sort_in. Qed.
Lemma order_fine i : In i order -> In i (indices I) /\ 0 < p I i /\ 0 < c I i /\ c I i <= B I.
Proof. intros L. apply order_item, eligible_spec in L as (L & P & C). destruct (proj2 V i L). auto. Qed.
Lemma T_item i : In i T -> In i order.
Proof. intros L. apply order_item. apply prefix_incl in L. unfold by_score in L. now apply sort_in in L. Qed.
Lemma T_nodup : NoDup T.
Proof. apply prefix_of_order. Qed.

Lemma top_in l i : In i (top_of l) <-> In i T /\ layer i = l.
Proof. unfold SafeSelector.top_of, inside. rewrite filter_In, Nat.eqb_eq. reflexivity. Qed.
Lemma mine_in l i : In i (inside layer l order) <-> In i order /\ layer i = l.
Proof. unfold inside. rewrite filter_In, Nat.eqb_eq. reflexivity. Qed.
Lemma top_nodup l : NoDup (top_of l).
Proof. apply NoDup_filter, T_nodup. Qed.
Lemma mine_nodup l : NoDup (inside layer l order).
Proof. apply NoDup_filter, order_nodup. Qed.

Lemma reserve_begins l : exists rest, inside layer l order = reserve l ++ rest.
Proof. exact (reaching_begins I den (inside layer l order) (owed reals I layer num l)). Qed.
Lemma reserve_in l i : In i (reserve l) -> In i order /\ layer i = l.
Proof. intros L. apply mine_in. destruct (reserve_begins l) as [rest E]. rewrite E. apply in_or_app. now left. Qed.
Lemma reserve_nodup l : NoDup (reserve l).
Proof. destruct (reserve_begins l) as [rest E]. pose proof (mine_nodup l) as N. rewrite E in N. exact (nodup_begin _ _ N). Qed.

(* What a list of items keeps of a layer, by its items of the layer. *)
Lemma sum_inside f k l : NoDup k -> incl k (indices I) ->
  sum (fun i => kept k i * f i) (on layer (d I) l) = sum f (inside layer l k).
Proof.
  intros N C. rewrite <- (sum_kept f (inside layer l k) (on layer (d I) l)).
  - apply sum_ext. intros i L. apply in_on in L as [_ E]. f_equal. unfold kept.
    destruct (in_dec Nat.eq_dec i k) as [Y|Y], (in_dec Nat.eq_dec i (inside layer l k)) as [Z|Z]; auto; exfalso.
    + apply Z, filter_In. split; [exact Y|]. now apply Nat.eqb_eq.
    + apply filter_In in Z. tauto.
  - apply NoDup_filter, N.
  - intros i L. apply filter_In in L as [L E]. apply in_on. split; [now apply C|]. now apply Nat.eqb_eq.
  - apply NoDup_filter, seq_NoDup.
Qed.

Lemma part_kept k l : NoDup k -> incl k (indices I) -> part I layer (kept k) l = sum (p I) (inside layer l k).
Proof. intros N C. unfold part. now apply sum_inside. Qed.

Lemma T_incl : incl T (indices I).
Proof. intros i L. apply order_fine, T_item, L. Qed.
Lemma part_T l : part I layer (kept T) l = sum (p I) (top_of l).
Proof. apply part_kept; [apply T_nodup|apply T_incl]. Qed.

Lemma sum_sub_le f small big : NoDup small -> incl small big -> NoDup big -> (forall i, In i big -> 0 <= f i) ->
  sum f small <= sum f big.
Proof.
  intros N C A P. rewrite <- (sum_kept f small big) by auto. apply sum_le. intros i L. specialize (P i L).
  destruct (kept_01 small i) as [-> | ->]; lra.
Qed.

Lemma theta_times x y : theta * x <= y <-> num * x <= den * y.
Proof.
  unfold theta. split; intros Q.
  - replace (num * x) with (den * (num / den * x)) by (field; lra). apply Rmult_le_compat_l; lra.
  - apply Rmult_le_reg_l with den; [exact D|]. replace (den * (num / den * x)) with (num * x) by (field; lra). exact Q.
Qed.

Lemma top_le_mine l : sum (p I) (top_of l) <= sum (p I) (inside layer l order).
Proof.
  apply sum_sub_le; [apply top_nodup| |apply mine_nodup|].
  - intros i L. apply top_in in L as [L E]. apply mine_in. split; [now apply T_item|exact E].
  - intros i L. apply mine_in in L as [L _]. apply order_fine in L. lra.
Qed.
Lemma top_nonneg l : 0 <= sum (p I) (top_of l).
Proof. apply sum_nonneg. intros i L. apply top_in in L as [L _]. apply T_item, order_fine in L. lra. Qed.

(* The reserve is enough, and so is what Top-K keeps. *)
Lemma reserve_enough l : theta * sum (p I) (top_of l) <= sum (p I) (reserve l).
Proof.
  apply theta_times, reaching_enough. unfold owed. cbn [mul reals]. pose proof (top_nonneg l).
  apply Rle_trans with (den * sum (p I) (top_of l)); [apply Rmult_le_compat_r; lra|apply Rmult_le_compat_l; [lra|exact (top_le_mine l)]].
Qed.
Lemma cheaper_cases l : cheaper l = top_of l \/ cheaper l = reserve l.
Proof. unfold SafeSelector.cheaper. destruct negb; auto. Qed.
Lemma cheaper_enough l : theta * sum (p I) (top_of l) <= sum (p I) (cheaper l).
Proof.
  destruct (cheaper_cases l) as [-> | ->]; [|apply reserve_enough]. apply theta_times. apply Rmult_le_compat_r; [apply top_nonneg|lra].
Qed.
Lemma cheaper_costs l : sum (c I) (cheaper l) <= sum (c I) (top_of l).
Proof.
  unfold SafeSelector.cheaper. destruct (leb reals (costs reals I (reserve l)) (costs reals I (top_of l))) eqn:E; cbn [negb]; [|lra].
  now apply leb_true in E.
Qed.
Lemma cheaper_in l i : In i (cheaper l) -> In i order /\ layer i = l.
Proof.
  destruct (cheaper_cases l) as [-> | ->]; [|apply reserve_in]. intros L. apply top_in in L as [L E]. split; [now apply T_item|exact E].
Qed.
Lemma cheaper_nodup l : NoDup (cheaper l).
Proof. destruct (cheaper_cases l) as [-> | ->]; [apply top_nodup|apply reserve_nodup]. Qed.

Lemma by_layers f k : NoDup k -> incl k (indices I) -> sum f k = sum (fun l => sum f (inside layer l k)) (seq 0 layers).
Proof.
  intros N C. rewrite <- (sum_kept f k (indices I) N C (seq_NoDup _ _)), (sum_by_group _ layer (d I) layers Lay).
  apply sum_ext. intros l _. now apply sum_inside.
Qed.

Lemma T_costs : sum (c I) T <= B I.
Proof. apply prefix_fits, V. Qed.

(* Whichever it is, what is kept first is of the order, each item once, fits, and is enough in every layer. *)
Lemma first_facts : NoDup first /\ (forall i, In i first -> In i order) /\ sum (c I) first <= B I /\
  forall l, In l (seq 0 layers) -> exists own, incl own first /\ NoDup own /\ (forall i, In i own -> layer i = l) /\
    theta * sum (p I) (top_of l) <= sum (p I) own.
Proof.
  unfold kept_first. destruct (leb reals (costs reals I reserves) (B I)) eqn:E.
  - apply leb_true in E. split; [|split; [|split]].
    + apply (parts_nodup layer reserve); [intros l i L; now apply reserve_in in L|apply reserve_nodup|apply seq_NoDup].
    + intros i L. apply in_flat_map in L as (l & _ & L). now apply reserve_in in L.
    + exact E.
    + intros l L. exists (reserve l). split; [intros i Li; apply in_flat_map; eauto|]. split; [apply reserve_nodup|].
      split; [intros i Li; now apply reserve_in in Li|apply reserve_enough].
  - split; [|split; [|split]].
    + apply (parts_nodup layer cheaper); [intros l i L; now apply cheaper_in in L|apply cheaper_nodup|apply seq_NoDup].
    + intros i L. apply in_flat_map in L as (l & _ & L). now apply cheaper_in in L.
    + rewrite parts_sum. eapply Rle_trans; [|apply T_costs]. rewrite (by_layers (c I) T T_nodup T_incl).
      apply sum_le. intros l _. apply cheaper_costs.
    + intros l L. exists (cheaper l). split; [intros i Li; apply in_flat_map; eauto|]. split; [apply cheaper_nodup|].
      split; [intros i Li; now apply cheaper_in in Li|apply cheaper_enough].
Qed.

Lemma others_in i : In i others <-> In i order /\ ~ In i first.
Proof.
  unfold SafeSelector.others. cbv zeta. rewrite filter_In, negb_true_iff, <- not_true_iff_false, existsb_exists. fold order.
  split; intros [L N]; (split; [exact L|]); intros K; apply N.
  - exists i. split; [exact K|apply Nat.eqb_refl].
  - destruct K as (k & K & E). apply Nat.eqb_eq in E. now subst.
Qed.
Lemma others_nodup : NoDup others.
Proof. apply NoDup_filter, order_nodup. Qed.

Lemma room_nonneg : 0 <= room.
Proof. unfold left_over, costs. destruct first_facts as (_ & _ & F & _). cbn. lra. Qed.

(* With more of the others, as far as they fit, it is still safe and within the budget. *)
Lemma with_more more : NoDup more -> incl more others -> sum (c I) more <= room ->
  Feasible.fits I (first ++ more) /\ safe I layer layers theta (kept (first ++ more)).
Proof.
  intros N C Q. destruct first_facts as (F1 & F2 & F3 & F4).
  assert (Nd : NoDup (first ++ more)).
  { apply nodup_app; [exact F1|exact N|]. intros i L K. apply C, others_in in K. tauto. }
  assert (In_ : incl (first ++ more) (indices I)).
  { intros i L. apply order_fine. apply in_app_or in L as [L|L]; [now apply F2|]. apply C, others_in in L. tauto. }
  split; [repeat split; auto|].
  - unfold spend. rewrite kept_sum, sum_app by auto. unfold left_over, costs in Q. cbn in Q |- *. lra.
  - intros l L. fold T. rewrite part_T, part_kept by auto. destruct (F4 l L) as (own & O1 & O2 & O3 & O4).
    eapply Rle_trans; [exact O4|]. apply sum_sub_le; [exact O2| |apply NoDup_filter, Nd|].
    + intros i Li. apply filter_In. split; [apply in_or_app; left; now apply O1|]. apply Nat.eqb_eq. now apply O3.
    + intros i Li. apply filter_In in Li as [Li _]. apply In_ in Li. now apply (proj2 V).
Qed.

Notation S := (safe_prefix reals I layer layers num den).
Notation S_fill := (safe_fill reals I layer layers num den).
Notation S_best := (safe_best_of reals I layer layers num den).

Lemma prefix_fine : Feasible.fits I S /\ safe I layer layers theta (kept S).
Proof.
  apply with_more; [apply prefix_nodup, others_nodup|apply prefix_incl|apply prefix_fits, room_nonneg].
Qed.
Lemma fill_fine : Feasible.fits I S_fill /\ safe I layer layers theta (kept S_fill).
Proof.
  apply with_more; [apply D10.fill_nodup, others_nodup|intros i; apply D10.fill_incl|apply Feasible.fill_fits, room_nonneg].
Qed.
Lemma best_fine : Feasible.fits I S_best /\ safe I layer layers theta (kept S_best).
Proof.
  unfold safe_best_of. destruct negb; [|apply fill_fine]. split; [apply (Feasible.prefix_of I (larger reals I) V)|].
  intros l _. apply theta_times. apply Rmult_le_compat_r; [|lra]. rewrite part_T. apply top_nonneg.
Qed.

(* --- the loss, where the reserves fit --- *)

Hypothesis Fit : sum (c I) reserves <= B I.
Notation price := (lam I layer layers num den).
Notation over := (overshoot I layer layers num den).

Lemma first_is : first = reserves.
Proof. unfold kept_first. destruct (leb reals (costs reals I reserves) (B I)) eqn:E; [auto|]. apply leb_false in E. unfold costs in E. lra. Qed.

Lemma in_first i : In i (indices I) -> (In i first <-> In i (reserve (layer i))).
Proof.
  intros L. rewrite first_is. apply (parts_in layer reserve).
  - intros l k K. now apply reserve_in in K.
  - apply in_seq. specialize (Lay i L). split; [apply Nat.le_0_l|exact Lay].
Qed.

Lemma order_sorted : descending (density I) order.
Proof. now apply by_density_sorted. Qed.

Lemma filter_sorted key (e : nat -> bool) l : descending key l -> descending key (filter e l).
Proof.
  induction 1 as [|i l Sl IH G]; cbn; [constructor|]. destruct (e i); [|exact IH]. constructor; [exact IH|].
  rewrite Forall_forall in *. intros k L. apply filter_In in L as [L _]. auto.
Qed.

(* In a reserve everything is at least as dense as its last item, and what is left of the layer at most. *)
Lemma reserve_split l x r : reserve l = x ++ [r] ->
  (forall i, In i (reserve l) -> density I r <= density I i) /\
  (forall i, In i order -> layer i = l -> ~ In i (reserve l) -> density I i <= density I r) /\
  sum (p I) (reserve l) < theta * sum (p I) (top_of l) + p I r.
Proof.
  intros E. destruct (reserve_begins l) as [rest Er]. pose proof (filter_sorted (density I) (fun i => Nat.eqb (layer i) l) order order_sorted) as So.
  change (descending (density I) (inside layer l order)) in So. rewrite Er, E in So. split; [|split].
  - intros i L. rewrite E in L. apply in_app_or in L as [L|[<-|[]]]; [|lra]. rewrite <- app_assoc in So.
    apply sorted_split in So as [_ So]. apply So; [exact L|]. apply in_or_app. left. now left.
  - intros i L El N. assert (K : In i (inside layer l order)) by (apply mine_in; auto). rewrite Er in K. apply in_app_or in K as [K|K]; [tauto|].
    apply sorted_split in So as [_ So]. apply So; [apply in_or_app; right; now left|exact K].
  - pose proof (reaching_last I den (inside layer l order) (owed reals I layer num l) x r E) as Q. rewrite E, sum_app. unfold owed in Q. cbn [mul reals] in Q.
    assert (sum (p I) x < theta * sum (p I) (top_of l)); [|cbn [total add reals zero]; lra]. apply Rmult_lt_reg_l with den; [exact D|].
    unfold theta. replace (den * (num / den * sum (p I) (top_of l))) with (num * sum (p I) (top_of l)) by (field; lra). exact Q.
Qed.

Lemma price_facts : 0 <= price /\
  (forall i, In i S -> ~ In i first -> price <= density I i) /\ (forall i, In i order -> ~ In i S -> density I i <= price).
Proof.
  unfold lam, safe_critical, safe_prefix.
  pose proof (filter_sorted (density I) (fun i => negb (existsb (Nat.eqb i) first)) order order_sorted) as So.
  change (descending (density I) others) in So.
  destruct (prefix_spec (c I) others room) as [[X Q]|(s & r & X & Q & _)]; rewrite X.
  - split; [lra|]. split.
    + intros i L N. apply in_app_or in L as [L|L]; [tauto|]. rewrite <- Q in L. apply others_in in L as [L _].
      apply order_fine in L as (_ & P & C & _). unfold density. apply Rlt_le, Rdiv_lt_0_compat; lra.
    + intros i L N. exfalso. apply N, in_or_app. destruct (in_dec Nat.eq_dec i first) as [Y|Y]; [now left|right].
      rewrite <- Q. now apply others_in.
  - assert (Ls : In s others) by (rewrite Q; apply in_elt). apply others_in in Ls as [Ls _]. apply order_fine in Ls as (_ & P & C & _).
    split; [unfold density; apply Rlt_le, Rdiv_lt_0_compat; lra|]. rewrite Q in So. apply sorted_split in So as [S1 S2]. split.
    + intros i L N. apply in_app_or in L as [L|L]; [tauto|]. apply S2; [exact L|now left].
    + intros i L N. assert (Lo : In i others).
      { apply others_in. split; [exact L|]. intros K. apply N, in_or_app. now left. }
      rewrite Q in Lo. apply in_app_or in Lo as [Lo|[->|Lo]]; [exfalso; apply N, in_or_app; now right|lra|].
      apply StronglySorted_inv in S1 as [_ G]. rewrite Forall_forall in G. auto.
Qed.

Lemma dense i t : In i order -> t <= density I i <-> t * c I i <= p I i.
Proof.
  intros L. apply order_fine in L as (_ & _ & C & _). rewrite <- (density_times I i C). split; intros Q.
  - now apply Rmult_le_compat_r; [lra|].
  - apply Rmult_le_reg_r with (c I i); lra.
Qed.
Lemma sparse i t : In i order -> density I i <= t <-> p I i <= t * c I i.
Proof.
  intros L. apply order_fine in L as (_ & _ & C & _). rewrite <- (density_times I i C). split; intros Q.
  - now apply Rmult_le_compat_r; [lra|].
  - apply Rmult_le_reg_r with (c I i); lra.
Qed.

Lemma S_order i : In i S -> In i order.
Proof.
  intros L. apply in_app_or in L as [L|L]; [now apply first_facts|]. apply prefix_incl, others_in in L. tauto.
Qed.

Lemma over_cases l : over l = 0 \/ exists x r, reserve l = x ++ [r] /\ over l = price * c I r - p I r /\ 0 < over l /\
  density I r < price /\ In r order /\ layer r = l.
Proof.
  unfold overshoot. destruct (rev (reserve l)) as [|r x] eqn:E; [now left|].
  assert (E' : reserve l = rev x ++ [r]) by (rewrite <- (rev_involutive (reserve l)), E; reflexivity).
  assert (Lr : In r (reserve l)) by (rewrite E'; apply in_elt). apply reserve_in in Lr as [Lr Er].
  destruct (Rle_dec (price * c I r) (p I r)) as [Q|Q]; [left; apply Rmax_left; lra|right].
  exists (rev x), r. rewrite Rmax_right by lra. split; [exact E'|]. split; [reflexivity|]. split; [lra|].
  split; [|auto]. apply Rnot_le_lt. intros K. apply Q, dense; auto.
Qed.

Lemma starved_alone l i : 0 < over l -> In i S -> layer i = l -> In i (reserve l).
Proof.
  intros O L El. destruct (over_cases l) as [Z|(x & r & E & _ & _ & Q & Lr & _)]; [lra|].
  destruct (in_dec Nat.eq_dec i (reserve l)) as [Y|Y]; [exact Y|exfalso]. pose proof (S_order i L) as Lo.
  assert (N : ~ In i first) by (rewrite in_first, El; [exact Y|now apply order_fine]).
  destruct price_facts as (_ & P & _). specialize (P i L N). destruct (reserve_split l x r E) as (_ & R & _).
  specialize (R i Lo El Y). lra.
Qed.

(* Layer by layer: what any safe candidate gains over S. *)
Lemma layer_gain z l : fractional I z -> affordable I z -> In l (seq 0 layers) -> safe I layer layers theta z ->
  part I layer z l - part I layer (kept S) l <=
  price * sum (fun i => z i * c I i - kept S i * c I i) (on layer (d I) l) + over l.
Proof.
  intros Z A L Safe. destruct price_facts as (P0 & P1 & P2). unfold part. rewrite <- sum_minus.
  (* at any factor of the scores that S respects *)
  assert (G : forall f, 1 <= f -> (forall i, In i order -> layer i = l -> In i S -> price * c I i <= f * p I i) ->
    (forall i, In i order -> layer i = l -> ~ In i S -> f * p I i <= price * c I i) ->
    f * sum (fun i => z i * p I i - kept S i * p I i) (on layer (d I) l) <=
    price * sum (fun i => z i * c I i - kept S i * c I i) (on layer (d I) l)).
  { intros f F1 K1 K2. rewrite <- !sum_scale. apply sum_le. intros i Li. apply in_on in Li as [Li El]. specialize (Z i Li).
    destruct (proj2 V i Li) as [Pi Ci]. unfold kept. destruct (in_dec Nat.eq_dec i S) as [Y|Y].
    - specialize (K1 i (S_order i Y) El Y). nra.
    - destruct (in_dec Nat.eq_dec i order) as [O|O]; [specialize (K2 i O El Y); nra|].
      assert (E : z i = 0 \/ p I i = 0).
      { destruct (Rlt_dec (B I) (c I i)) as [X|X]; [left; now apply A|right]. destruct (Rlt_dec 0 (p I i)) as [W|W]; [|lra].
        exfalso. apply O, order_item, eligible_spec. repeat split; auto; lra. }
      destruct E as [E|E]; rewrite E; [lra|]. assert (0 <= price * (z i * c I i)) by (apply Rmult_le_pos; nra). lra. }
  destruct (over_cases l) as [E|(x & r & E & Eo & Op & Q & Lr & El)].
  - rewrite E, Rplus_0_r. rewrite <- (Rmult_1_l (sum _ _)). apply G; [lra| |].
    + intros i Li Ei Y. rewrite Rmult_1_l. apply dense; [exact Li|]. destruct (in_dec Nat.eq_dec i first) as [W|W]; [|now apply P1].
      apply in_first in W; [|now apply order_fine]. rewrite Ei in W.
      assert (Last : exists x r, reserve l = x ++ [r]).
      { destruct (reserve l) as [|a k] eqn:Er; [destruct W|]. destruct (exists_last (l := a :: k)) as (x & r & Ex); [discriminate|eauto]. }
      destruct Last as (x & r & Ex). destruct (reserve_split l x r Ex) as (R & _). specialize (R i W).
      assert (Lr : In r order) by (apply (reserve_in l); rewrite Ex; apply in_elt).
      unfold overshoot in E. rewrite Ex, rev_app_distr in E. cbn in E. assert (price * c I r <= p I r).
      { destruct (Rle_dec (price * c I r) (p I r)); [auto|]. rewrite Rmax_right in E; lra. }
      apply dense in H0; [lra|exact Lr].
    + intros i Li Ei Y. rewrite Rmult_1_l. apply sparse; auto.
  - destruct (order_fine r Lr) as (_ & Pr & Cr & _). destruct (reserve_split l x r E) as (R1 & R2 & R3).
    set (f := price * c I r / p I r).
    assert (Ef : f * p I r = price * c I r) by (unfold f; field; lra). assert (F1 : 1 <= f).
    { apply Rmult_le_reg_r with (p I r); [exact Pr|]. rewrite Ef. lra. }
    assert (Scale : forall i, In i order -> density I r <= density I i -> price * c I i <= f * p I i).
    { intros i Li W. apply dense in W; [|exact Li]. apply Rmult_le_reg_r with (c I r); [exact Cr|].
      replace (f * p I i * c I r) with (f * (p I i * c I r)) by ring. replace (price * c I i * c I r) with (f * (p I r * c I i)) by (rewrite <- Rmult_assoc, Ef; ring).
      apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_r with (r := c I r) in W; [|lra]. unfold density in W.
      replace (p I r / c I r * c I i * c I r) with (p I r * c I i) in W by (field; lra). exact W. }
    assert (Scale' : forall i, In i order -> density I i <= density I r -> f * p I i <= price * c I i).
    { intros i Li W. apply sparse in W; [|exact Li]. apply Rmult_le_reg_r with (c I r); [exact Cr|].
      replace (f * p I i * c I r) with (f * (p I i * c I r)) by ring. replace (price * c I i * c I r) with (f * (p I r * c I i)) by (rewrite <- Rmult_assoc, Ef; ring).
      apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_r with (r := c I r) in W; [|lra]. unfold density in W.
      replace (p I r / c I r * c I i * c I r) with (p I r * c I i) in W by (field; lra). exact W. }
    assert (Gf := G f F1). assert (O : 0 < over l) by exact Op.
    assert (Gain : f * sum (fun i => z i * p I i - kept S i * p I i) (on layer (d I) l) <=
      price * sum (fun i => z i * c I i - kept S i * c I i) (on layer (d I) l)).
    { apply Gf; intros i Li Ei Y.
      - apply Scale; [exact Li|]. apply R1. now apply starved_alone.
      - apply Scale'; [exact Li|]. apply R2; auto. intros W. apply Y, in_or_app. left. apply in_first; [now apply order_fine|]. now rewrite Ei. }
    (* S has less than p_r more than is owed, z at least that *)
    destruct prefix_fine as ((N & Inc & _) & _). assert (Es : part I layer (kept S) l = sum (p I) (reserve l)).
    { rewrite part_kept by auto. apply sum_perm, NoDup_Permutation; [apply NoDup_filter, N|apply reserve_nodup|].
      intros i. unfold inside. rewrite filter_In, Nat.eqb_eq. split; [intros [K Ei]; now apply starved_alone|].
      intros K. destruct (reserve_in l i K) as [Ko Ei]. split; [|exact Ei]. apply in_or_app. left. apply in_first; [now apply order_fine|]. now rewrite Ei. }
    specialize (Safe l L). fold T in Safe. rewrite part_T in Safe.
    rewrite sum_minus in Gain |- *. fold (part I layer z l) (part I layer (kept S) l) in *. rewrite Es in *. rewrite Eo.
    assert (- (p I r) <= part I layer z l - sum (p I) (reserve l)) by lra. nra.
Qed.

Lemma S_loss z : fractional I z -> affordable I z -> spend I z <= B I -> safe I layer layers theta z ->
  value I z - value I (kept S) <= price * (B I - spend I (kept S)) + sum over (seq 0 layers).
Proof.
  intros Z A F Safe. unfold value. rewrite !(sum_by_group _ layer (d I) layers Lay).
  assert (G : sum (fun l => part I layer z l - part I layer (kept S) l) (seq 0 layers) <=
    sum (fun l => price * sum (fun i => z i * c I i - kept S i * c I i) (on layer (d I) l) + over l) (seq 0 layers)).
  { apply sum_le. intros l L. now apply layer_gain. }
  rewrite sum_plus, sum_scale, <- (sum_by_group _ layer (d I) layers Lay), !sum_minus in G.
  change (sum (fun i => z i * c I i) (seq 0 (d I))) with (spend I z) in G.
  change (sum (fun i => kept S i * c I i) (seq 0 (d I))) with (spend I (kept S)) in G.
  destruct price_facts as (P0 & _). unfold part in G. eapply Rle_trans; [exact G|]. apply Rplus_le_compat_r, Rmult_le_compat_l; lra.
Qed.

Lemma prefix_in_fill cost l : forall b, incl (prefix reals cost b l) (fill reals cost b l).
Proof.
  induction l as [|i l IH]; intros b k; cbn; [auto|]. destruct Rle_dec; [|intros []]. intros [->|L]; [now left|right]. now apply IH.
Qed.
Lemma fill_more : value I (kept S) <= value I (kept S_fill).
Proof.
  apply sum_le. intros i L. destruct (proj2 V i L) as [P _]. apply Rmult_le_compat_r; [exact P|].
  destruct (in_dec Nat.eq_dec i S) as [Y|Y]; [|rewrite (kept_out S i Y); destruct (kept_01 S_fill i); lra].
  rewrite (kept_in S_fill), (kept_in S i Y); [lra|]. apply in_or_app. apply in_app_or in Y as [Y|Y]; [now left|right].
  eapply prefix_in_fill, Y.
Qed.
Lemma best_more : value I (kept S_fill) <= value I (kept S_best).
Proof.
  unfold safe_best_of. destruct (leb reals (total reals (p I) (top_k reals I)) (total reals (p I) S_fill)) eqn:E; cbn [negb]; [lra|].
  apply leb_false in E. destruct fill_fine as ((N & C & _) & _). unfold value. rewrite !kept_sum; auto; [|apply T_nodup|apply T_incl].
  apply Rlt_le, E.
Qed.

Lemma last_share : match safe_critical reals I layer layers num den with
  | Some s => exists phi, 0 <= phi < 1 /\ price * (B I - spend I (kept S)) = phi * p I s
  | None => price = 0
  end.
Proof.
  unfold lam. destruct (safe_critical reals I layer layers num den) as [s|] eqn:E; [|reflexivity].
  unfold safe_critical in E. destruct prefix_fine as ((N & Inc & F) & _).
  destruct (prefix_spec (c I) others room) as [[X _]|(t & r & X & Q & Less)]; rewrite X in E; [discriminate|].
  injection E as ->. assert (Ls : In s others) by (rewrite Q; apply in_elt). apply others_in in Ls as [Ls _].
  destruct (order_fine s Ls) as (_ & P & C & _). exists ((B I - spend I (kept S)) / c I s). split; [|unfold density; field; lra].
  assert (E : B I - spend I (kept S) < c I s).
  { unfold spend. rewrite kept_sum by auto. unfold safe_prefix. rewrite sum_app. unfold left_over, costs in *. cbn in *. lra. }
  split; [apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]|].
  apply Rmult_lt_reg_r with (c I s); [exact C|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.
End Proof.

Theorem proved : claim.
Proof.
  intros I layer layers num den V H D Lay fits_and_safe S.
  split; [now apply prefix_fine|]. split; [now apply fill_fine|]. split; [now apply best_fine|].
  intros Fit price left loss. split; [now apply last_share|]. split; [intros l i; now apply starved_alone|].
  intros m M F Safe. pose proof (S_loss I layer layers num den V H D Lay Fit m (mask_fractional I m M)
    (mask_affordable I m (B I) V M F (Rle_refl _)) F Safe) as G.
  pose proof (fill_more I layer layers num den V) as G1.
  pose proof (best_more I layer layers num den V H D Lay) as G2. fold S in G, G1. fold left price in G. fold loss in G.
  repeat split; lra.
Qed.
