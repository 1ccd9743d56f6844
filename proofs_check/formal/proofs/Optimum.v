(* OPT is attained: some feasible mask retains the most. *)
From Coq Require Import Reals Lra List Bool Arith.
From CWMP Require Export Sums.
Import ListNotations.
Open Scope R_scope.

Definition optimal (I : instance R) (m : nat -> R) := mask I m /\ spend I m <= B I /\
  forall other, mask I other -> spend I other <= B I -> value I other <= value I m.

Fixpoint subsets (l : list nat) : list (list nat) :=
  match l with [] => [[]] | i :: r => subsets r ++ map (cons i) (subsets r) end.

Lemma filter_in_subsets f l : In (filter f l) (subsets l).
Proof.
  induction l as [|i l IH]; cbn; [auto|]. apply in_or_app. destruct (f i); [right|now left].
  apply in_map, IH.
Qed.

Lemma best_of_list (ok : list nat -> Prop) (dec : forall l, {ok l} + {~ ok l}) (f : list nat -> R) L :
  (exists l, In l L /\ ok l) -> exists l, ok l /\ forall k, In k L -> ok k -> f k <= f l.
Proof.
  induction L as [|a L IH]; intros (l & K & O); [destruct K|].
  destruct (existsb (fun x => if dec x then true else false) L) eqn:E.
  - apply existsb_exists in E as (x & Lx & Ox). destruct (dec x) as [Dx|]; [|discriminate].
    destruct (IH (ex_intro _ x (conj Lx Dx))) as (b & Ob & H).
    destruct (dec a) as [Oa|Na].
    + destruct (Rle_dec (f a) (f b)).
      * exists b. split; auto. intros k [<-|Lk] Ok; auto.
      * exists a. split; auto. intros k [<-|Lk] Ok; [lra|]. specialize (H k Lk Ok). lra.
    + exists b. split; auto. intros k [<-|Lk] Ok; [tauto|auto].
  - exists l. split; auto. assert (N : forall x, In x L -> ~ ok x).
    { intros x Lx Ox. apply Bool.not_true_iff_false in E. apply E, existsb_exists. exists x. split; auto.
      destruct (dec x); tauto. }
    destruct K as [->|K]; [|destruct (N l K O)]. intros k [<-|Lk] Ok; [lra|destruct (N k Lk Ok)].
Qed.

Lemma optimum_exists I : valid I -> exists m, optimal I m.
Proof.
  intros [H V].
  destruct (best_of_list (fun l => spend I (kept l) <= B I) (fun l => Rle_dec _ _) (fun l => value I (kept l))
    (subsets (indices I))) as (l & F & O).
  - exists []. split; [pose proof (filter_in_subsets (fun _ => false) (indices I)) as K|].
    + assert (Z : forall l : list nat, filter (fun _ => false) l = []) by (induction l; auto). rewrite Z in K. auto.
    + unfold spend. rewrite (sum_ext _ (fun _ => 0)); [rewrite sum_zero; lra|]. intros. rewrite kept_out; cbn; auto; lra.
  - exists (kept l). split; [apply kept_mask|split; [exact F|]]. intros m M S.
    set (chosen := filter (fun i => if Req_EM_T (m i) 1 then true else false) (indices I)).
    assert (E : forall f, sum (fun i => kept chosen i * f i) (indices I) = sum (fun i => m i * f i) (indices I)).
    { intros f. apply sum_ext. intros i L. f_equal. unfold kept, chosen. destruct in_dec as [K|K]; rewrite filter_In in K.
      - destruct K as [_ K]. destruct Req_EM_T; [auto|discriminate].
      - destruct (M i L) as [->|X]; auto. exfalso. apply K. split; auto. destruct Req_EM_T; tauto. }
    unfold value, spend in *. rewrite <- E. apply O; [apply filter_in_subsets|]. rewrite E. exact S.
Qed.
